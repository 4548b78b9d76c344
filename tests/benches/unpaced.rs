//! A connector as it ships, but for the rate in its manifest: a bench must not measure waiting.

use anyhow::Result;
use headcount::model::manifest::Rate;
use headcount::sandbox::{Package, pack};

/// Packs the component again with a manifest that names a rate which nothing reaches; without any, the host has its own.
///
/// # Errors
/// It was not built yet, or is no component.
pub fn connector(name: &str) -> Result<Package> {
    let shipped = headcount_tests::component(name)?;
    let mut manifest = Package::read(shipped.clone())?.manifest.as_ref().clone();
    manifest.rate = Rate { per_second: Some(1_000_000), ..Rate::default() };
    Ok(Package::read(pack(&shipped, &manifest)?)?)
}
