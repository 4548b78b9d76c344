//! What is wrong for four nights: a key that has come to see less or is another organisation's, or a filter that begins to drop
//! people.
//! What is not seen stays every night, and once it is put right everything is as it was.

use headcount::model::mapping::Effect;
use headcount::{FilterRule, Kind, OutOfScope};
use headcount_vendors::{Reach, Vendor};

use crate::boundaries;
use crate::world::{Keys, Seat, World};
use crate::{cell, ghosts};

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    /// The key reaches something else.
    Key(Reach),
    /// A filter drops most people, whose records in the store are kept.
    Filter,
}

/// Nights with the wrong key.
pub const NIGHTS: usize = 4;

/// What became of one vendor's connection, night by night.
pub struct Nights {
    /// What is wrong.
    pub what: &'static str,
    /// The verdicts; the last is of the night when all was well again.
    pub verdicts: Vec<String>,
}

/// Everything that may be wrong, one after the other.
///
/// # Errors
/// A promise that was broken.
pub async fn of(vendor: Vendor) -> Result<Vec<Nights>, String> {
    let mut world = World::new(vendor).await;
    let mut all = Vec::new();
    for (what, wrong) in [
        ("a key that sees less", Wrong::Key(Reach::Narrow)),
        ("a key of another organisation", Wrong::Key(Reach::OtherOrganization)),
        ("a filter that begins to drop people", Wrong::Filter),
    ] {
        let verdicts = nights(&mut world, wrong).await.map_err(|problem| format!("{}, {what}: {problem}", vendor.name()))?;
        all.push(Nights { what, verdicts });
    }
    Ok(all)
}

async fn nights(world: &mut World, wrong: Wrong) -> Result<Vec<String>, String> {
    world.servers.evolve(0);
    let seat = world.seat().await;
    let clean = seat.sync().await;
    let check = boundaries::of(world).into_iter().next().ok_or("no boundary")?;
    ghosts::plant(&seat, &check).await;
    let before = seat.keys().await;
    let planted = ghosts::among(&before);
    go_wrong(world, &seat, wrong).await;
    let (mut verdicts, mut stored) = (Vec::new(), Vec::new());
    for night in 1..=NIGHTS {
        world.servers.evolve(u32::try_from(night).unwrap_or(u32::MAX));
        let report = seat.sync().await;
        let health = seat.health().await;
        let keys = seat.keys().await;
        verdicts.push(cell::verdict(&report, health, &ghosts::among(&keys), &planted)?);
        let told = cell::told(&report);
        match wrong {
            Wrong::Key(Reach::OtherOrganization) if keys != before => {
                return Err(format!("night {night} changed something; {told}"));
            }
            Wrong::Key(_) => nothing_lost(&before, &keys).map_err(|problem| format!("night {night}: {problem}; {told}"))?,
            Wrong::Filter if report.counters.dropped.is_empty() => return Err(format!("night {night} dropped nobody; {told}")),
            Wrong::Filter => {}
        }
        if report.counters.requests > clean.counters.requests * 2 {
            return Err(format!("night {night} took {} requests", report.counters.requests));
        }
        stored.push(keys);
    }
    put_right(world, &seat, wrong).await;
    let healed = cell::heal(&seat, world, seat.health().await).await?;
    verdicts.push("complete".to_owned());
    let there: Keys = before.intersection(&healed).cloned().collect();
    for (night, keys) in (1..).zip(&stored) {
        nothing_lost(&there, keys).map_err(|problem| format!("night {night}: {problem}"))?;
    }
    Ok(verdicts)
}

async fn go_wrong(world: &World, seat: &Seat, wrong: Wrong) {
    match wrong {
        Wrong::Key(reach) => world.servers.rescope(world.vendor, reach),
        Wrong::Filter => {
            let when = r#"user.email.contains("a")"#.to_owned();
            let rule = FilterRule { name: "most".to_owned(), kind: Kind::User, effect: Effect::Drop, when };
            seat.tenant.put_filter(&seat.id, &rule, OutOfScope::Keep).await.unwrap();
        }
    }
}

async fn put_right(world: &World, seat: &Seat, wrong: Wrong) {
    match wrong {
        Wrong::Key(_) => world.servers.rescope(world.vendor, Reach::Full),
        Wrong::Filter => assert!(seat.tenant.remove_filter(&seat.id, "most").await.unwrap()),
    }
}

/// Nothing that was stored is gone: nobody sees whether it left.
fn nothing_lost(before: &Keys, now: &Keys) -> Result<(), String> {
    let lost: Vec<&(Kind, String)> = before.difference(now).take(3).collect();
    if lost.is_empty() { Ok(()) } else { Err(format!("{lost:?} were removed")) }
}
