//! More memory than there is.

use headcount::sandbox::Resource;

use super::super::{Attack, End};

pub(super) const ATTACKS: &[Attack] = &[
    Attack::read("grow_at_once", End::Excess(Resource::Memory)),
    Attack::read("grow_bit_by_bit", End::Excess(Resource::Memory)),
];
