//! Says that the vendor wants it to wait, each time it is asked.

use headcount_connector::{Failure, FailureCode};

use crate::attack::{Attack, HONEST};

pub const ATTACK: Attack = Attack {
    read: |_| Err(Failure { retry_after: Some(u32::MAX), ..Failure::new(FailureCode::RateLimited, "come back later") }),
    ..HONEST
};
