//! Puts compiled code, sealed by this very host for another component, in place of an honest one's.

use std::time::Instant;

use anyhow::{Context, Result};

use super::super::component::{from_fields, packed};
use super::super::{Seen, World};
use super::{artefact, compiled_anew};

pub(in super::super) async fn planted_artefact(world: &World) -> Result<Seen> {
    let started = Instant::now();
    let data = tempfile::TempDir::new()?;
    let honest = packed(&from_fields("(func $attack)")?)?;
    let evil = packed(&from_fields("(func $attack unreachable)")?)?;
    {
        let host = world.another_host(data.path()).await?;
        host.install(evil.clone()).await?;
        host.replace(honest.clone()).await?;
    }
    let (evil, victim) = (artefact(data.path(), &evil)?, artefact(data.path(), &honest)?);
    std::fs::copy(evil, victim).context("the artefact is planted")?;
    compiled_anew(world, data.path(), honest, started).await
}
