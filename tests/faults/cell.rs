//! One cell of the matrix: a good sync, the fault, and a good sync again.

use std::collections::BTreeSet;

use headcount::{Report, SessionState};
use headcount_vendors::Vendor;
use headcount_vendors::truth::Expected;

use crate::boundaries::Boundary;
use crate::ghosts;
use crate::troubles::Trouble;
use crate::world::{Keys, Seat, World};

/// Runs a cell, and gives the verdict in words; nothing where the fault can't happen there.
///
/// # Errors
/// A promise that was broken, whatever the table says.
pub async fn run(world: &mut World, at: &Boundary, trouble: Trouble) -> Result<Option<String>, String> {
    let vendor = world.vendor;
    let rules = trouble.rules(vendor, &world.servers, at);
    if rules.is_empty() {
        return Ok(None);
    }
    // Who is in a team then comes from the list of the team alone.
    let by_team = at.list == "members" || trouble == Trouble::ParentsCutShortOnce;
    world.servers.switch(|switches| switches.tines_memberships = !by_team);
    world.servers.evolve(0);
    world.servers.faults(vendor).clear();
    let seat = world.seat().await;
    let clean = seat.sync().await;
    if clean.state != SessionState::Complete {
        return Err(format!("the first sync was not complete: {}", told(&clean)));
    }
    ghosts::plant(&seat, at).await;
    let before = seat.keys().await;
    let planted = ghosts::among(&before);
    let before = ghosts::without(before);

    world.servers.evolve(1);
    world.servers.faults(vendor).clear();
    rules.into_iter().for_each(|rule| world.servers.faults(vendor).set(rule));
    let report = seat.sync().await;
    let struck = world.servers.faults(vendor).struck();
    let health = seat.health().await;
    let after = seat.keys().await;
    let kept = ghosts::among(&after);
    let after = ghosts::without(after);

    world.servers.faults(vendor).clear();
    // Where nothing is said to be lacking, nothing may be; else the next good sync heals it.
    let is_whole = (report.state, health) == (SessionState::Complete, "ok");
    let healed = if is_whole { whole(&seat, world).await } else { heal(&seat, world, health).await }
        .map_err(|problem| format!("{problem}; the sync before: {}", told(&report)))?;
    let wrong: Keys = before.intersection(&healed).filter(|key| !after.contains(*key)).cloned().collect();
    if !wrong.is_empty() {
        return Err(format!("wrongly removed: {:?}; {}", wrong.iter().take(3).collect::<Vec<_>>(), told(&report)));
    }
    let most = clean.counters.requests * 3 + 12;
    if report.counters.requests > most {
        return Err(format!("{} requests, and at most {most} were expected", report.counters.requests));
    }
    if struck == 0 || trouble.strikes().is_some_and(|strikes| !at.is_checks() && strikes != struck) {
        return Err(format!("the fault struck {struck} times; {}", told(&report)));
    }
    let verdict = verdict(&report, health, &kept, &planted)?;
    // Lists are read side by side: which of them were whole before the key changed is chance, and its check does not tell.
    let by_chance = (vendor, trouble) == (Vendor::JumpCloud, Trouble::NarrowerKey) && at.list != "check";
    Ok(Some(if by_chance { "complete, partial or held".to_owned() } else { verdict }))
}

/// What a sync ended in, in words: how, and which of the ghosts it did not hold for proven.
///
/// # Errors
/// An end that makes no sense, or one without a word of why.
pub fn verdict(report: &Report, health: &str, kept: &BTreeSet<String>, planted: &BTreeSet<String>) -> Result<String, String> {
    let verdict = match (report.state, health) {
        (SessionState::Complete, "ok") => "complete",
        (SessionState::Partial, "incomplete") => "partial",
        (SessionState::Failed, "incomplete") => "failed",
        (SessionState::Failed, "reconnect") => "reconnect",
        (_, "held") => "held",
        other => return Err(format!("ended in {other:?}; {}", told(report))),
    };
    if verdict != "complete" && report.failure.is_none() && report.notes.is_empty() {
        return Err(format!("{verdict} without a word"));
    }
    Ok(match (verdict, kept.is_empty(), kept == planted) {
        ("complete" | "failed" | "reconnect", ..) => verdict.to_owned(),
        (_, true, _) => format!("{verdict}, all proven"),
        (_, _, true) => format!("{verdict}, nothing proven"),
        _ => format!("{verdict}, unproven: {}", kept.iter().cloned().collect::<Vec<_>>().join(", ")),
    })
}

/// A good sync: everything is there, and no ghost is.
pub async fn heal(seat: &Seat, world: &World, health: &str) -> Result<Keys, String> {
    if health == "reconnect" {
        seat.tenant.check(&seat.id).await.map_err(|error| format!("the check after it failed: {error}"))?;
    }
    let report = seat.sync().await;
    let health = seat.health().await;
    if report.state != SessionState::Complete || health != "ok" {
        return Err(format!("the sync after it did not heal: {health}; {}", told(&report)));
    }
    whole(seat, world).await
}

/// What is stored, if it is all that the vendor has and no more.
async fn whole(seat: &Seat, world: &World) -> Result<Keys, String> {
    let keys = seat.keys().await;
    let ghosts = ghosts::among(&keys);
    if !ghosts.is_empty() {
        return Err(format!("called complete, though {ghosts:?} were kept"));
    }
    let (stored, expected) = (counts(&keys), expected(&world.servers.truth(world.vendor)));
    if stored != expected {
        return Err(format!("called complete, though {stored:?} are stored and the vendor has {expected:?}"));
    }
    Ok(keys)
}

fn counts(keys: &Keys) -> [usize; 7] {
    headcount::Kind::ALL.map(|kind| keys.iter().filter(|key| key.0 == kind).count())
}

fn expected(truth: &Expected) -> [usize; 7] {
    let Expected { users, groups, roles, applications, licenses, assets, grants } = truth;
    [users.len(), groups.len(), roles.len(), applications.len(), licenses.len(), assets.len(), grants.len()]
}

pub fn told(report: &Report) -> String {
    format!("{:?} {:?} {:?}", report.state, report.failure, report.notes)
}
