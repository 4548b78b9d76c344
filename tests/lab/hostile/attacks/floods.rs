//! Too much of what is harmless in small numbers.

use headcount::sandbox::Resource;

use super::super::{Attack, End};

pub(super) const ATTACKS: &[Attack] = &[Attack::read("flood_the_log", End::Excess(Resource::Cpu))];
