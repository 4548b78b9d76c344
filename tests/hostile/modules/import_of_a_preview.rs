//! A connector that wants the next version of WASI, whose requests nobody would judge.

use anyhow::Result;

use super::super::component::{API, from_text};

pub(in super::super) fn import_of_a_preview() -> Result<Vec<u8>> {
    from_text(&format!("(import \"wasi:http/client@0.3.0\" (instance)) {API}"))
}
