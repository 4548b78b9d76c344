//! Two manifests: a harmless one for who looks, another for the host.

use anyhow::Result;

use super::super::component::{from_fields, manifest, packed, with_section};

pub(in super::super) fn several_manifests() -> Result<Vec<u8>> {
    let json = manifest()?.to_json();
    Ok(with_section(packed(&from_fields("(func $attack)")?)?, json.as_bytes()))
}
