//! A key that has come to see less, or is another organisation's, for four nights: what it does not see stays every night, and the old
//! key finds everything as it was.

use headcount::Kind;
use headcount_vendors::{Reach, Vendor};

use crate::boundaries;
use crate::world::{Keys, World};
use crate::{cell, ghosts};

/// Nights with the wrong key.
pub const NIGHTS: usize = 4;

/// What became of one vendor's connection, night by night.
pub struct Nights {
    /// Which key.
    pub key: &'static str,
    /// The verdicts; the last is of the night when the old key was back.
    pub verdicts: Vec<String>,
}

/// Both keys, one after the other.
///
/// # Errors
/// A promise that was broken.
pub async fn of(vendor: Vendor) -> Result<Vec<Nights>, String> {
    let mut world = World::new(vendor).await;
    let mut all = Vec::new();
    for (key, reach) in [("sees less", Reach::Narrow), ("of another organisation", Reach::OtherOrganization)] {
        let verdicts = nights(&mut world, reach).await.map_err(|problem| format!("{} {key}: {problem}", vendor.name()))?;
        all.push(Nights { key, verdicts });
    }
    Ok(all)
}

async fn nights(world: &mut World, reach: Reach) -> Result<Vec<String>, String> {
    let vendor = world.vendor;
    world.servers.evolve(0);
    let seat = world.seat().await;
    let clean = seat.sync().await;
    let check = boundaries::of(world).into_iter().next().ok_or("no boundary")?;
    ghosts::plant(&seat, &check).await;
    let before = seat.keys().await;
    let planted = ghosts::among(&before);
    world.servers.rescope(vendor, reach);
    let mut verdicts = Vec::new();
    for night in 1..=NIGHTS {
        world.servers.evolve(u32::try_from(night).unwrap_or(u32::MAX));
        let report = seat.sync().await;
        let health = seat.health().await;
        let keys = seat.keys().await;
        verdicts.push(cell::verdict(&report, health, &ghosts::among(&keys), &planted)?);
        nothing_lost(&before, &keys).map_err(|problem| format!("night {night}: {problem}; {}", cell::told(&report)))?;
        if reach == Reach::OtherOrganization && keys != before {
            return Err(format!("night {night} changed what is stored; {}", cell::told(&report)));
        }
        if report.counters.requests > clean.counters.requests * 2 {
            return Err(format!("night {night} took {} requests", report.counters.requests));
        }
    }
    world.servers.rescope(vendor, Reach::Full);
    cell::heal(&seat, world, seat.health().await).await?;
    verdicts.push("complete".to_owned());
    Ok(verdicts)
}

/// Nothing that was stored is gone: nobody sees whether it left.
fn nothing_lost(before: &Keys, now: &Keys) -> Result<(), String> {
    let lost: Vec<&(Kind, String)> = before.difference(now).take(3).collect();
    if lost.is_empty() { Ok(()) } else { Err(format!("{lost:?} were removed")) }
}
