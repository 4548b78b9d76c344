//! Addresses in place of host names.

use super::super::{Attack, End};

pub(super) const ATTACKS: &[Attack] =
    &[Attack::check("literal_addresses", End::Says("reached nothing")).refused(&["is a number or an address"])];
