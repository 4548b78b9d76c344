//! Is redirected to another path of the same host.

use crate::attack::{Attack, HONEST};
use crate::redirects::follow;

pub const ATTACK: Attack = Attack { check: || Err(follow("https://api.mallory.example/admin")), ..HONEST };
