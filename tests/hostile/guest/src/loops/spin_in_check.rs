//! Never comes back from `check`.

use crate::attack::{Attack, HONEST};
use crate::loops::spin;

pub const ATTACK: Attack = Attack { check: || spin(), ..HONEST };
