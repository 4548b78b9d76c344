//! A connector that asks for the host's files.

use anyhow::Result;

use super::super::component::calling;

pub(in super::super) fn files() -> Result<Vec<u8>> {
    calling("wasi:filesystem", "preopens", "open")
}
