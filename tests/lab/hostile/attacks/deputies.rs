//! Rights that were given for one thing, used for another.

use super::super::{Attack, End, intruders};

const NOTHING: End = End::Says("reached nothing");

pub(super) const ATTACKS: &[Attack] = &[
    Attack::read("write_while_reading", NOTHING).refused(&["is not among the manifest's read-requests"]),
    Attack::invoke("write_in_an_action_that_reads", "look", NOTHING).refused(&["is not among the manifest's read-requests"]),
    Attack::invoke("write_beyond_the_action", "act", NOTHING).refused(&["is not among the requests of the action act"]),
    Attack::intruder(
        "rights_that_outlive_an_action",
        |world| Box::pin(intruders::rights_that_outlive_an_action(world)),
        End::Says("remembers: false; reached nothing"),
    )
    .refused(&["is not among the manifest's read-requests"]),
    Attack::intruder("outcome_about_others", |world| Box::pin(intruders::outcome_about_others(world)), End::Answers).manifest(
        |manifest| {
            for action in &mut manifest.actions {
                action.destructive = action.name == "act";
            }
        },
    ),
    Attack::intruder(
        "connection_by_another_tenants_name",
        |world| Box::pin(intruders::connection_by_another_tenants_name(world)),
        End::Refused("has no connection hello"),
    ),
];
