//! Changes one byte of compiled code: the engine itself would load it.

use std::time::Instant;

use anyhow::{Context, Result};

use super::super::component::{from_fields, packed};
use super::super::{Seen, World};
use super::{artefact, compiled_anew};

pub(in super::super) async fn damaged_artefact(world: &World) -> Result<Seen> {
    let started = Instant::now();
    let data = tempfile::TempDir::new()?;
    let honest = packed(&from_fields("(func $attack)")?)?;
    world.another_host(data.path()).await?.install(honest.clone()).await?;
    let path = artefact(data.path(), &honest)?;
    let mut code = std::fs::read(&path)?;
    let middle = code.len() / 2;
    *code.get_mut(middle).context("the code is not empty")? ^= 1;
    std::fs::write(&path, code)?;
    compiled_anew(world, data.path(), honest, started).await
}
