//! Brings compiled code from a host of his own, sealed with that host's key.

use std::time::Instant;

use anyhow::{Context, Result};

use super::super::component::{from_fields, packed};
use super::super::{Seen, World};
use super::{artefact, compiled_anew};

pub(in super::super) async fn artefact_of_another_host(world: &World) -> Result<Seen> {
    let started = Instant::now();
    let (data, elsewhere) = (tempfile::TempDir::new()?, tempfile::TempDir::new()?);
    let honest = packed(&from_fields("(func $attack)")?)?;
    for folder in [&data, &elsewhere] {
        world.another_host(folder.path()).await?.install(honest.clone()).await?;
    }
    std::fs::copy(artefact(elsewhere.path(), &honest)?, artefact(data.path(), &honest)?).context("the artefact is planted")?;
    compiled_anew(world, data.path(), honest, started).await
}
