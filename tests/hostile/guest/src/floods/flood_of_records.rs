//! Gives more records on one page than fit there.

use crate::attack::{Attack, HONEST, users, whole};

pub const ATTACK: Attack = Attack { read: |_| Ok(whole(users(0..20_000))), ..HONEST };
