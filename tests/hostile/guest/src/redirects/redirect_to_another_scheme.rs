//! Is redirected to what is no web server at all.

use crate::attack::{Attack, HONEST};
use crate::redirects::follow;

pub const ATTACK: Attack = Attack { check: || Err(follow("ftp://api.mallory.example/v1/")), ..HONEST };
