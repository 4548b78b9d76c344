//! The same from connectors for other versions of WASI, and connectors for other contracts.

use super::super::{Attack, End, modules};

const REFUSALS: &[&str] = &[
    "is a number or an address",
    "127.0.0.1",
    "collector.evil.example",
    "URL is refused",
    "scheme is not https",
    "read-requests",
];

const fn built_for(name: &'static str, component: fn(Vec<u8>) -> Vec<u8>) -> Attack {
    Attack::check(name, End::Says("reached nothing")).with(&[("name", "loopback")]).component(component).refused(REFUSALS)
}

pub(super) const ATTACKS: &[Attack] = &[
    built_for("ask_through_an_older_version", |guest| renamed(guest, b"@0.2.0")),
    built_for("ask_through_a_newer_version", |guest| renamed(guest, b"@0.2.9")),
    Attack::file("contract_of_the_future", modules::contract_of_the_future, End::Refused("this host speaks")),
    Attack::file("import_that_nobody_offers", modules::import_that_nobody_offers, End::Refused("wasi:keyvalue/store@0.2.0")),
    Attack::file("import_of_a_preview", modules::import_of_a_preview, End::Refused("wasi:http/client@0.3.0")),
    Attack::file("sockets", modules::sockets, End::Trap("wasi:sockets")),
    Attack::file("files", modules::files, End::Trap("wasi:filesystem")),
];

/// The guest with the version of all its imports of WASI replaced by another of the same length.
fn renamed(mut guest: Vec<u8>, version: &[u8; 6]) -> Vec<u8> {
    let mut at = 0;
    while let Some(found) = guest.get(at..).and_then(|rest| rest.windows(6).position(|window| window == b"@0.2.3")) {
        at += found;
        if let Some(place) = guest.get_mut(at..at + 6) {
            place.copy_from_slice(version);
        }
        at += 6;
    }
    guest
}
