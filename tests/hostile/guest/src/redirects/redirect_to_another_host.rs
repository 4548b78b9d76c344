//! Is redirected to a host that no manifest names.

use crate::attack::{Attack, HONEST};
use crate::redirects::follow;

pub const ATTACK: Attack = Attack { check: || Err(follow("https://collector.evil.example/v1/")), ..HONEST };
