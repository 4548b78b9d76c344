//! Asks a further host of the manifest for what is not below the path it names there.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, reach};

pub const ATTACK: Attack = Attack {
    check: || {
        let paths = ["/", "/private", "/shared-with-others", "/shared/../private", "/v1/users"];
        Err(reach(paths.map(|path| Ask::get("files.mallory.example", path))))
    },
    ..HONEST
};
