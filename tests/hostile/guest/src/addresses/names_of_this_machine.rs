//! Asks for the names that machines have for themselves and for their neighbours.

use crate::addresses::knock;
use crate::attack::{Attack, HONEST};

pub const ATTACK: Attack = Attack {
    check: || {
        Err(knock(&[
            "localhost",
            "localhost.",
            "LOCALHOST",
            "localhost.localdomain",
            "ip6-localhost",
            "metadata",
            "metadata.google.internal",
            "instance-data",
            "host.docker.internal",
            "kubernetes.default.svc",
            "router.local",
            "127.0.0.1.nip.io",
        ]))
    },
    ..HONEST
};
