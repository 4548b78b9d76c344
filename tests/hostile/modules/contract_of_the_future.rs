//! A connector for a contract that this host does not know.

use anyhow::Result;

use super::super::component::from_text;

pub(in super::super) fn contract_of_the_future() -> Result<Vec<u8>> {
    from_text("(instance $api) (export \"headcount:connector/api@9.0.0\" (instance $api))")
}
