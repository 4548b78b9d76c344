//! A connector that wants an interface which no connector gets.

use anyhow::Result;

use super::super::component::{API, from_text};

pub(in super::super) fn import_that_nobody_offers() -> Result<Vec<u8>> {
    from_text(&format!("(import \"wasi:keyvalue/store@0.2.0\" (instance)) {API}"))
}
