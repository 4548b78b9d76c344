//! Code that is made to be hard to compile, or to describe.

use crate::attacks;

attacks!(
    deep_blocks,
    deep_components,
    deep_types,
    giant_branch_table,
    giant_function,
    longer_than_the_jail_waits,
    many_exports,
    many_functions,
    many_imports,
    many_instances,
    many_locals,
    many_memories,
    more_than_the_jail_holds,
    section_longer_than_the_file,
);
