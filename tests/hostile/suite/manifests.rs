//! Manifests that lie, or that are made to be hard to read.

use crate::attacks;

attacks!(
    address_in_a_manifest,
    credential_in_the_host_header,
    deep_manifest,
    host_made_of_pieces,
    host_typed_into_a_setting,
    look_alike_host_in_a_manifest,
    manifest_in_a_nested_module,
    manifest_of_many_feeds,
    manifest_that_is_no_text,
    manifest_without_end,
    pattern_that_backtracks,
    schema_that_multiplies,
    schema_that_refers_outside,
    several_manifests,
);
