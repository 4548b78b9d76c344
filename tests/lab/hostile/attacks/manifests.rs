//! Manifests that lie, or that are made to be hard to read.

use super::super::{Attack, End, intruders, modules};

pub(super) const ATTACKS: &[Attack] = &[
    Attack::file("several_manifests", modules::several_manifests, End::Refused("has 2 manifests")),
    Attack::file("manifest_in_a_nested_module", modules::manifest_in_a_nested_module, End::Refused("no manifest")),
    Attack::file("manifest_without_end", modules::manifest_without_end, End::Refused("manifest can't be taken")),
    Attack::file("deep_manifest", modules::deep_manifest, End::Refused("manifest can't be taken")),
    Attack::file("manifest_of_many_feeds", modules::manifest_of_many_feeds, End::Refused("at most 64 are read")),
    Attack::file("manifest_that_is_no_text", modules::manifest_that_is_no_text, End::Refused("manifest can't be taken")),
    Attack::file("look_alike_host_in_a_manifest", modules::look_alike_host_in_a_manifest, End::Refused("not a host name")),
    Attack::file("address_in_a_manifest", modules::address_in_a_manifest, End::Refused("not a host name")),
    Attack::file("host_made_of_pieces", modules::host_made_of_pieces, End::Refused("a field must be a whole label")),
    Attack::file(
        "credential_in_the_host_header",
        modules::credential_in_the_host_header,
        End::Refused("can't be a credential's header"),
    ),
    Attack::file("schema_that_multiplies", modules::schema_that_multiplies, End::Refused("at most 10,000 parts")),
    Attack::file("schema_that_refers_outside", modules::schema_that_refers_outside, End::Refused("only point inside the schema")),
    Attack::intruder(
        "pattern_that_backtracks",
        |world| Box::pin(intruders::pattern_that_backtracks(world)),
        End::Refused("text"),
    ),
    Attack::intruder(
        "host_typed_into_a_setting",
        |world| Box::pin(intruders::host_typed_into_a_setting(world)),
        End::Refused("name"),
    ),
];
