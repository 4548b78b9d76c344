//! Never comes back from `read`.

use crate::attack::{Attack, HONEST};
use crate::loops::spin;

pub const ATTACK: Attack = Attack { read: |_| spin(), ..HONEST };
