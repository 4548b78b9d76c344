//! Is redirected to a URL whose user name looks like the host.

use crate::attack::{Attack, HONEST};
use crate::http::setting;
use crate::redirects::follow;

pub const ATTACK: Attack =
    Attack { check: || Err(follow(&format!("https://api.mallory.example@{}/v1/", setting("inside")))), ..HONEST };
