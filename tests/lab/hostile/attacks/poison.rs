//! Records that do harm where they are kept.

use headcount::SessionState;

use super::super::{Attack, End};

pub(super) const ATTACKS: &[Attack] =
    &[Attack::sync("empty_list_of_a_partial_read", End::Session(SessionState::Partial, "the vendor broke off"))];
