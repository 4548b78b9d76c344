//! Looks whether a tenant's connection goes on with the TLS session of another tenant's.

use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::super::{Seen, World, named};

pub(in super::super) async fn ticket_of_another_tenant(world: &World) -> Result<Seen> {
    let started = Instant::now();
    let attack = named("ticket_of_another_tenant").context("the attack is listed")?;
    let mut said = None;
    for tenant in ["first", "second"] {
        let run = world.opened(attack, tenant, &[("name", tenant)]).await?;
        said = run.check().await.err();
    }
    let first = world.vendor.requests("/v1/close/first");
    let second = world.vendor.requests("/v1/close/second");
    ensure!(first.len() == 2 && second.len() == 2, "{} and {} requests came", first.len(), second.len());
    ensure!(second.first().is_some_and(|request| !request.resumed), "a tenant went on with another's TLS session");
    ensure!(first.first().is_some_and(|request| !request.resumed), "the first session is nobody's continuation");
    Ok(Seen::only(said.context("the connector reports what it did")?.into(), started.elapsed()))
}
