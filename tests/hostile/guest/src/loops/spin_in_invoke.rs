//! Never comes back from an action.

use crate::attack::{Attack, HONEST};
use crate::loops::spin;

pub const ATTACK: Attack = Attack { invoke: |_| spin(), ..HONEST };
