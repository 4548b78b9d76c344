//! More memory or stack than there is, and what traps.

use std::time::Duration;

use headcount::Budget;
use headcount::sandbox::Resource;

use super::super::{Attack, End, Start, modules};

const TOO_MUCH: End = End::Excess(Resource::Memory);

/// Growing step by step takes time, and is not what ends these.
fn patient(budget: &mut Budget) {
    budget.cpu = Duration::from_secs(10);
}

pub(super) const ATTACKS: &[Attack] = &[
    Attack::read("grow_at_once", TOO_MUCH),
    Attack::read("grow_bit_by_bit", TOO_MUCH).budget(patient),
    Attack::new("grow_in_many_instances", Start::Reads(4), TOO_MUCH).budget(patient),
    Attack::file("table_without_end", modules::table_without_end, TOO_MUCH).budget(patient),
    Attack::file("giant_table", modules::giant_table, TOO_MUCH),
    Attack::file("giant_memory", modules::giant_memory, TOO_MUCH),
    Attack::file("recurse_without_end", modules::recurse_without_end, End::Trap("call stack exhausted")),
    Attack::file("recurse_through_a_table", modules::recurse_through_a_table, End::Trap("call stack exhausted")),
    Attack::file("trap_in_start", modules::trap_in_start, End::Trap("unreachable")),
    Attack::file("read_outside_of_memory", modules::read_outside_of_memory, End::Trap("out of bounds memory access")),
    Attack::file("divide_by_nothing", modules::divide_by_nothing, End::Trap("integer divide by zero")),
];
