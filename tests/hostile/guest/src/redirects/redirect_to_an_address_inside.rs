//! Is redirected to a server inside.

use crate::attack::{Attack, HONEST};
use crate::http::setting;
use crate::redirects::follow;

pub const ATTACK: Attack = Attack { check: || Err(follow(&format!("https://{}/", setting("inside")))), ..HONEST };
