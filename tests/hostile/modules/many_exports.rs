//! More exports than anybody could look at.

use anyhow::Result;

use super::super::component::{API, from_text};

pub(in super::super) fn many_exports() -> Result<Vec<u8>> {
    let exports: String = (0..2_000).map(|number| format!("(export \"e{number}\" (instance $api))")).collect();
    from_text(&format!("{API} {exports}"))
}
