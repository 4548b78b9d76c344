//! All attacks, by group.

mod addresses;
mod echoes;
mod floods;
mod loops;
mod memory;
mod names;
mod poison;
mod supply;

use super::Attack;

/// Every attack of the corpus.
pub fn all() -> impl Iterator<Item = &'static Attack> {
    let groups: [&'static [Attack]; 8] = [
        addresses::ATTACKS,
        echoes::ATTACKS,
        floods::ATTACKS,
        loops::ATTACKS,
        memory::ATTACKS,
        names::ATTACKS,
        poison::ATTACKS,
        supply::ATTACKS,
    ];
    groups.into_iter().flatten()
}

/// The attack of this name.
pub fn named(name: &str) -> Option<&'static Attack> {
    all().find(|attack| attack.name == name)
}
