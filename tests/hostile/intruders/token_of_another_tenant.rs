//! Looks whether a tenant's requests carry a token that was had for another tenant.

use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::super::{Seen, World, named};

pub(in super::super) async fn token_of_another_tenant(world: &World) -> Result<Seen> {
    let started = Instant::now();
    let attack = named("token_of_another_tenant").context("the attack is listed")?;
    let mut said = None;
    for (tenant, asked) in [("first", 1), ("first", 1), ("second", 2)] {
        let run = world.opened(attack, tenant, &[]).await?;
        said = run.check().await.err();
        let tokens = world.vendor.requests("/oauth/token/each").len();
        ensure!(tokens == asked, "{tenant}: {tokens} tokens were had by now");
    }
    Ok(Seen::only(said.context("the connector reports what it did")?.into(), started.elapsed()))
}
