//! Code that is made to be hard to compile, or to describe.

use headcount::sandbox::Resource;

use super::super::{Attack, End, intruders, modules};

pub(super) const ATTACKS: &[Attack] = &[
    Attack::file("giant_function", modules::giant_function, End::Answers),
    Attack::file("giant_branch_table", modules::giant_branch_table, End::Refused("`br_table` has 100000 targets")),
    Attack::file("many_functions", modules::many_functions, End::Answers),
    Attack::file("many_locals", modules::many_locals, End::Answers),
    Attack::file("deep_blocks", modules::deep_blocks, End::Answers),
    Attack::file("many_imports", modules::many_imports, End::Refused("more than 1000 imports or exports")),
    Attack::file("many_exports", modules::many_exports, End::Refused("more than 1000 imports or exports")),
    Attack::file("many_instances", modules::many_instances, End::Excess(Resource::Instances)),
    Attack::file("many_memories", modules::many_memories, End::Excess(Resource::Memories)),
    Attack::file("deep_types", modules::deep_types, End::Refused("can't be compiled")),
    Attack::file("deep_components", modules::deep_components, End::Refused("does not have export")),
    Attack::file(
        "section_longer_than_the_file",
        modules::section_longer_than_the_file,
        End::Refused("not a WebAssembly component"),
    ),
    Attack::intruder(
        "more_than_the_jail_holds",
        |world| Box::pin(intruders::more_than_the_jail_holds(world)),
        End::Refused("MiB of memory to compile"),
    ),
    Attack::intruder(
        "longer_than_the_jail_waits",
        |world| Box::pin(intruders::longer_than_the_jail_waits(world)),
        End::Refused("s of CPU time to compile"),
    ),
];
