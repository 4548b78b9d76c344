//! Has the connector do an action, and then read in the same session.

use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::json;

use super::super::{Seen, World, named};

pub(in super::super) async fn rights_that_outlive_an_action(world: &World) -> Result<Seen> {
    let started = Instant::now();
    let attack = named("rights_that_outlive_an_action").context("the attack is listed")?;
    let run = world.opened(attack, "rights-that-outlive-an-action", &[]).await?;
    run.invoke("act", &json!({})).await?;
    let error = run.read("users", None, None).await.err().context("the connector reports what it found")?;
    Ok(Seen { events: run.events(), usage: run.usage(), ..Seen::only(error.into(), started.elapsed()) })
}
