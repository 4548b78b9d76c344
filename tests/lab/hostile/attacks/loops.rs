//! Code that never ends.

use headcount::sandbox::Resource;

use super::super::{Attack, End, modules};

pub(super) const ATTACKS: &[Attack] = &[
    Attack::check("spin_in_check", End::Excess(Resource::Cpu)),
    Attack::read("spin_in_read", End::Excess(Resource::Cpu)),
    Attack::invoke("spin_in_invoke", "act", End::Excess(Resource::Cpu)),
    Attack::read("spin_between_host_calls", End::Excess(Resource::Cpu)),
    Attack::read("poll_without_pause", End::Excess(Resource::Cpu)),
    Attack::read("sleep_for_ever", End::Excess(Resource::Call)),
    Attack::file("spin_in_start", modules::spin_in_start, End::Excess(Resource::Cpu)),
];
