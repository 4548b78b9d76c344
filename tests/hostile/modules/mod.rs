//! Modules and components that no compiler would make: texts of this folder, and generators where a text would be long.

mod address_in_a_manifest;
mod contract_of_the_future;
mod credential_in_the_host_header;
mod deep_blocks;
mod deep_components;
mod deep_manifest;
mod deep_types;
mod files;
mod flood_the_standard_streams;
mod giant_branch_table;
mod giant_function;
mod host_made_of_pieces;
mod import_of_a_preview;
mod import_that_nobody_offers;
mod look_alike_host_in_a_manifest;
mod manifest_in_a_nested_module;
mod manifest_of_many_feeds;
mod manifest_that_is_no_text;
mod manifest_without_end;
mod many_exports;
mod many_functions;
mod many_imports;
mod many_instances;
mod many_locals;
mod many_memories;
mod schema_that_multiplies;
mod schema_that_refers_outside;
mod section_longer_than_the_file;
mod several_manifests;
mod sockets;

use anyhow::Result;

use super::component::{from_fields, packed};

pub(super) use address_in_a_manifest::address_in_a_manifest;
pub(super) use contract_of_the_future::contract_of_the_future;
pub(super) use credential_in_the_host_header::credential_in_the_host_header;
pub(super) use deep_blocks::deep_blocks;
pub(super) use deep_components::deep_components;
pub(super) use deep_manifest::deep_manifest;
pub(super) use deep_types::deep_types;
pub(super) use files::files;
pub(super) use flood_the_standard_streams::flood_the_standard_streams;
pub(super) use giant_branch_table::giant_branch_table;
pub(super) use giant_function::giant_function;
pub(super) use host_made_of_pieces::host_made_of_pieces;
pub(super) use import_of_a_preview::import_of_a_preview;
pub(super) use import_that_nobody_offers::import_that_nobody_offers;
pub(super) use look_alike_host_in_a_manifest::look_alike_host_in_a_manifest;
pub(super) use manifest_in_a_nested_module::manifest_in_a_nested_module;
pub(super) use manifest_of_many_feeds::manifest_of_many_feeds;
pub(super) use manifest_that_is_no_text::manifest_that_is_no_text;
pub(super) use manifest_without_end::manifest_without_end;
pub(super) use many_exports::many_exports;
pub(super) use many_functions::many_functions;
pub(super) use many_imports::many_imports;
pub(super) use many_instances::many_instances;
pub(super) use many_locals::many_locals;
pub(super) use many_memories::many_memories;
pub(super) use schema_that_multiplies::schema_that_multiplies;
pub(super) use schema_that_refers_outside::schema_that_refers_outside;
pub(super) use section_longer_than_the_file::section_longer_than_the_file;
pub(super) use several_manifests::several_manifests;
pub(super) use sockets::sockets;

/// Names the texts: each becomes a function that gives the packed component.
macro_rules! texts {
    ($($name:ident),+ $(,)?) => {
        $(pub(super) fn $name() -> Result<Vec<u8>> {
            packed(&from_fields(include_str!(concat!(stringify!($name), ".wat")))?)
        })+
    };
}

texts!(
    copy_without_end,
    divide_by_nothing,
    fill_without_end,
    giant_memory,
    giant_table,
    read_outside_of_memory,
    recurse_through_a_table,
    recurse_without_end,
    spin_in_start,
    table_without_end,
    text_that_is_no_unicode,
    trap_in_start,
);
