//! Offers another component under the id of one that was accepted.

use std::time::Instant;

use anyhow::{Context, Result};

use super::super::component::{from_fields, packed};
use super::super::{Seen, World};

pub(in super::super) async fn moved_digest(world: &World) -> Result<Seen> {
    let started = Instant::now();
    let data = tempfile::TempDir::new()?;
    let host = world.another_host(data.path()).await?;
    host.install(packed(&from_fields("(func $attack)")?)?).await?;
    let other = packed(&from_fields("(func $attack unreachable)")?)?;
    let error = host.install(other).await.err().context("the other component was taken")?;
    Ok(Seen::refusal(&error, started.elapsed()))
}
