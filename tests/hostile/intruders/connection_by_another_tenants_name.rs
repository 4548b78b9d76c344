//! Asks for a connection that another tenant has, by its name.

use std::time::Instant;

use anyhow::{Context, Result};

use super::super::{Seen, World};

pub(in super::super) async fn connection_by_another_tenants_name(world: &World) -> Result<Seen> {
    let started = Instant::now();
    let stranger = world.host.tenant("stranger".parse()?);
    let error = stranger.check(&"hello".parse()?).await.err().context("the bystander's connection was opened")?;
    Ok(Seen::refusal(&error, started.elapsed()))
}
