//! Is redirected to the same place without TLS, where all could read the credential.

use crate::attack::{Attack, HONEST};
use crate::redirects::follow;

pub const ATTACK: Attack = Attack { check: || Err(follow("http://api.mallory.example/v1/")), ..HONEST };
