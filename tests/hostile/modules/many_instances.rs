//! A hundred instances of one module, each with a life of its own.

use anyhow::Result;

use super::super::component::appended;

pub(in super::super) fn many_instances() -> Result<Vec<u8>> {
    let instances = "(core instance (instantiate {modules}))".repeat(100);
    appended(&format!("(core module (func (export \"f\"))) {instances}"))
}
