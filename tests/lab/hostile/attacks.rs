//! All attacks, by group.

mod addresses;
mod authorities;
mod bodies;
mod compilation;
mod deputies;
mod echoes;
mod floods;
mod headers;
mod http2;
mod loops;
mod manifests;
mod memory;
mod names;
mod placing;
mod poison;
mod redirects;
mod sharing;
mod supply;
mod tokens;
mod versions;

use std::time::Duration;

use headcount::model::manifest::Placement;
use headcount::{Budget, Manifest};

use super::{Attack, End, SECRET};

/// Every attack of the corpus.
pub fn all() -> impl Iterator<Item = &'static Attack> {
    const GROUPS: &[&[Attack]] = &[
        addresses::ATTACKS,
        authorities::ATTACKS,
        bodies::ATTACKS,
        compilation::ATTACKS,
        deputies::ATTACKS,
        echoes::ATTACKS,
        floods::ATTACKS,
        headers::ATTACKS,
        loops::ATTACKS,
        manifests::ATTACKS,
        memory::ATTACKS,
        names::ATTACKS,
        placing::ATTACKS,
        poison::ATTACKS,
        redirects::ATTACKS,
        sharing::ATTACKS,
        supply::ATTACKS,
        tokens::ATTACKS,
        versions::ATTACKS,
    ];
    GROUPS.iter().copied().flatten()
}

/// The attack of this name.
pub fn named(name: &str) -> Option<&'static Attack> {
    all().find(|attack| attack.name == name)
}

/// The attacks that are tried a second time, with a vendor that speaks HTTP/2.
pub fn over_http2() -> impl Iterator<Item = &'static Attack> {
    http2::ATTACKS.iter()
}

/// No attack, but what the search for leaks must find: an honest connector that was given the secret as a plain setting.
pub const LEAK: Attack = Attack::check("none", End::Answers).with(&[("vendor", SECRET)]).in_glass();

/// Has the credential go into the query.
fn in_the_query(manifest: &mut Manifest) {
    manifest.auth = vec![Placement::Query { secret: "api-key".to_owned(), name: "key".to_owned() }];
}

/// Ends a call soon: for attacks that only wait.
fn short(budget: &mut Budget) {
    budget.call = Duration::from_secs(1);
}

/// Lets a connector make something large first.
fn large(budget: &mut Budget) {
    budget.memory = 1 << 30;
    budget.cpu = Duration::from_secs(10);
}
