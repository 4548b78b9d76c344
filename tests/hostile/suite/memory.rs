//! More memory or stack than there is, and what traps.

use crate::attacks;

attacks!(
    divide_by_nothing,
    giant_memory,
    giant_table,
    grow_at_once,
    grow_bit_by_bit,
    grow_in_many_instances,
    read_outside_of_memory,
    recurse_through_a_table,
    recurse_without_end,
    table_without_end,
    trap_in_start,
);
