//! Components in components, two thousand deep: the engine takes time by the square of it.

use anyhow::Result;

use super::super::component::{API, from_text, length};

pub(in super::super) fn deep_components() -> Result<Vec<u8>> {
    let mut nested = EMPTY.to_vec();
    for _ in 0..2_000 {
        let mut outer = EMPTY.to_vec();
        outer.push(4);
        outer.extend(length(nested.len()));
        outer.extend(nested);
        nested = outer;
    }
    let mut file = from_text(API)?;
    file.push(4);
    file.extend(length(nested.len()));
    file.extend(nested);
    Ok(file)
}

/// A component with nothing in it.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";
