//! Looks whether a tenant's requests go over a connection that another tenant opened.

use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::super::{Seen, World, named};

pub(in super::super) async fn connection_of_another_tenant(world: &World) -> Result<Seen> {
    let started = Instant::now();
    let attack = named("connection_of_another_tenant").context("the attack is listed")?;
    let mut said = None;
    for tenant in ["first", "second"] {
        let run = world.opened(attack, tenant, &[("name", tenant)]).await?;
        said = run.check().await.err();
    }
    let first = world.vendor.requests("/v1/pool/first");
    let second = world.vendor.requests("/v1/pool/second");
    ensure!(first.len() == 2 && second.len() == 2, "{} and {} requests came", first.len(), second.len());
    ensure!(first.iter().all(|request| request.connection == first[0].connection), "a tenant's own connection is not used again");
    ensure!(second.iter().all(|request| request.connection != first[0].connection), "two tenants share a connection");
    Ok(Seen::only(said.context("the connector reports what it did")?.into(), started.elapsed()))
}
