//! Wraps an address of IPv4 in one of IPv6, in every way there is.

use crate::addresses::knock;
use crate::attack::{Attack, HONEST};

pub const ATTACK: Attack = Attack {
    check: || {
        Err(knock(&[
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "[::ffff:0:127.0.0.1]",
            "[64:ff9b::7f00:1]",
            "[64:ff9b:1::7f00:1]",
            "[2002:7f00:1::]",
            "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
            "[fe80::1%25lo]",
            "[fe80::5efe:127.0.0.1]",
            "[0:0:0:0:0:0:0:1]",
        ]))
    },
    ..HONEST
};
