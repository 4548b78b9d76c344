//! Connections and sessions of TLS that another tenant made.

use super::super::{Attack, End, intruders};

pub(super) const ATTACKS: &[Attack] = &[
    Attack::intruder(
        "connection_of_another_tenant",
        |world| Box::pin(intruders::connection_of_another_tenant(world)),
        End::Says("asked twice"),
    ),
    Attack::intruder(
        "ticket_of_another_tenant",
        |world| Box::pin(intruders::ticket_of_another_tenant(world)),
        End::Says("asked twice"),
    ),
];
