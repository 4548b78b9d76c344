//! Names a server by its address, in place of a host that was checked.

use crate::addresses::knock;
use crate::attack::{Attack, HONEST};

pub const ATTACK: Attack = Attack {
    check: || {
        Err(knock(&[
            "127.0.0.1",
            "0.0.0.0",
            "10.0.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.100.100.200",
            "[::1]",
            "[::]",
            "[fe80::1]",
            "[fd00:ec2::254]",
        ]))
    },
    ..HONEST
};
