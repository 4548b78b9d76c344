//! Has a connector act about one user, and say that the others lost everything by it.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use headcount::store::StoredRecord;
use headcount::{ActionRequest, ConnectionId, Draft, Kind, Secret, SyncOptions};
use serde_json::json;

use super::super::seen::Ended;
use super::super::{SECRET, Seen, World, named};

pub(in super::super) async fn outcome_about_others(world: &World) -> Result<Seen> {
    let started = Instant::now();
    let attack = named("outcome_about_others").context("the attack is listed")?;
    // A host of its own: this manifest is another than the other attacks'.
    let data = tempfile::TempDir::new()?;
    let host = world.another_host(data.path()).await?;
    let tenant = host.tenant("outcome-about-others".parse()?);
    let installed = host.install(world.guest(attack)?).await?;
    let id: ConnectionId = "mallory".parse()?;
    let draft = Draft::new(id.clone(), installed.id).secret("api-key", Secret::new(SECRET.to_owned())).setting("attack", "none");
    tenant.connect(draft).await?;
    tenant.sync(&id, &SyncOptions::default()).await?;
    let before = tenant.store().counts(tenant.id()).await?;
    tenant.edit(&id, BTreeMap::from([("attack".to_owned(), json!(attack.name))])).await?;
    tenant.permit_actions(&id, &[], "victim", None).await?;
    let acted = tenant.act(&id, &ActionRequest::new("act", json!({ "user-id": "u1" }), "victim")).await?;
    ensure!(acted.run.notes.len() == 2, "what was not believed is told: {:?}", acted.run.notes);
    let after = tenant.store().counts(tenant.id()).await?;
    ensure!(before == after, "records are gone: {before:?} {after:?}");
    for (user, suspended) in [("u1", true), ("u2", false), ("u3", false)] {
        let row = tenant.store().record(tenant.id(), &id, Kind::User, user).await?.context("the user is there")?;
        let StoredRecord::User(found) = row.record else { anyhow::bail!("{user} is no user") };
        ensure!(found.status.is_some() == suspended, "{user}: {:?}", found.status);
    }
    Ok(Seen::only(Ended::Answered, started.elapsed()))
}
