//! A connector that opens a socket itself.

use anyhow::Result;

use super::super::component::calling;

pub(in super::super) fn sockets() -> Result<Vec<u8>> {
    calling("wasi:sockets", "instance-network", "instance-network")
}
