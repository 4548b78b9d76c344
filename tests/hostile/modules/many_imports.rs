//! More interfaces than any connector needs, all of them under names that are offered.

use anyhow::Result;

use super::super::component::{API, from_text};

pub(in super::super) fn many_imports() -> Result<Vec<u8>> {
    let imports: String = (0..2_000).map(|patch| format!("(import \"wasi:random/random@0.2.{patch}\" (instance))")).collect();
    from_text(&format!("{imports} {API}"))
}
