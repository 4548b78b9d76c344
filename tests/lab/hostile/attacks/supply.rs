//! Another file than the one that was accepted, and code that nobody compiled.

use super::super::{Attack, End, intruders};

pub(super) const ATTACKS: &[Attack] = &[
    Attack::intruder("swapped_component", |world| Box::pin(intruders::swapped_component(world)), End::Refused("changed on disk")),
    Attack::intruder("moved_digest", |world| Box::pin(intruders::moved_digest(world)), End::Refused("--accept")),
    Attack::intruder("planted_artefact", |world| Box::pin(intruders::planted_artefact(world)), End::Answers),
    Attack::intruder("damaged_artefact", |world| Box::pin(intruders::damaged_artefact(world)), End::Answers),
    Attack::intruder("artefact_of_another_host", |world| Box::pin(intruders::artefact_of_another_host(world)), End::Answers),
    Attack::intruder("wider_manifest", |world| Box::pin(intruders::wider_manifest(world)), End::Refused("enter it again")),
    Attack::intruder("moved_host", |world| Box::pin(intruders::moved_host(world)), End::Refused("enter it again")),
];
