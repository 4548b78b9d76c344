//! Many modules with a memory each, which together are more than one may have.

use anyhow::Result;

use super::super::component::appended;

pub(in super::super) fn many_memories() -> Result<Vec<u8>> {
    let instances = "(core instance (instantiate {modules}))".repeat(40);
    appended(&format!("(core module (memory (export \"m\") 1)) {instances}"))
}
