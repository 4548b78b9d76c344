//! Code that never ends.

use headcount::sandbox::Resource;

use super::super::{Attack, End, modules};

const STOPPED: End = End::Excess(Resource::Cpu);

pub(super) const ATTACKS: &[Attack] = &[
    Attack::check("spin_in_check", STOPPED),
    Attack::read("spin_in_read", STOPPED),
    Attack::invoke("spin_in_invoke", "act", STOPPED),
    Attack::read("spin_between_host_calls", STOPPED),
    Attack::read("poll_without_pause", STOPPED),
    Attack::read("sleep_for_ever", End::Excess(Resource::Call)).budget(super::short),
    Attack::file("spin_in_start", modules::spin_in_start, STOPPED),
    Attack::file("fill_without_end", modules::fill_without_end, STOPPED),
    Attack::file("copy_without_end", modules::copy_without_end, STOPPED),
];
