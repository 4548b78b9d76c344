//! Host names that stand for addresses inside.

use super::super::{Attack, End};

pub(super) const ATTACKS: &[Attack] = &[Attack::check("name_that_stands_for_loopback", End::Says("DestinationIpProhibited"))
    .with(&[("name", "loopback")])
    .refused(&["127.0.0.1"])];
