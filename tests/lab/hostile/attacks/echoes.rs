//! Credentials that a colluding vendor sends back.

use super::super::{Attack, End};

pub(super) const ATTACKS: &[Attack] = &[Attack::check("echo_as_it_is", End::Says("you sent: ****")).in_glass()];
