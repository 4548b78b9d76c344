//! A manifest where no reader of the outermost component looks.

use anyhow::Result;

use super::super::component::{from_fields, manifest};

pub(in super::super) fn manifest_in_a_nested_module() -> Result<Vec<u8>> {
    let json = manifest()?.to_json().replace('"', "\\\"");
    from_fields(&format!("(func $attack) (@custom \"headcount:manifest\" \"{json}\")"))
}
