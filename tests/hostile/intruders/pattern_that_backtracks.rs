//! Has an input checked by a pattern that takes a careless engine until the end of time.

use std::time::Instant;

use anyhow::{Context, Result};
use headcount::{ActionRequest, Draft};
use serde_json::json;

use super::super::component::{from_fields, manifest, with_manifest};
use super::super::{Seen, World};

pub(in super::super) async fn pattern_that_backtracks(world: &World) -> Result<Seen> {
    let started = Instant::now();
    let data = tempfile::TempDir::new()?;
    let host = world.another_host(data.path()).await?;
    let mut manifest = manifest()?;
    manifest.actions = serde_json::from_value(json!([{
        "name": "act", "label": "Act",
        "input": { "type": "object", "properties": { "text": { "type": "string", "pattern": "^(([a-z])+.)+[A-Z]([a-z])+$" } } },
    }]))?;
    let installed = host.install(with_manifest(&from_fields("(func $attack)")?, &manifest)?).await?;
    let tenant = host.tenant("victim".parse()?);
    let connection = tenant.connect(Draft::new("module".parse()?, installed.id)).await?;
    let input = json!({ "text": "a".repeat(50_000) });
    let error =
        tenant.act(&connection.id, &ActionRequest::new("act", input, "mallory")).await.err().context("the input was taken")?;
    Ok(Seen::refusal(&error, started.elapsed()))
}
