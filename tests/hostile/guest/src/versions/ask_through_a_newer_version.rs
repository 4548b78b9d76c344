//! Does what is forbidden through a newer version of the interfaces.

use crate::attack::{Attack, HONEST};
use crate::versions::try_everything;

pub const ATTACK: Attack = Attack { check: || Err(try_everything()), ..HONEST };
