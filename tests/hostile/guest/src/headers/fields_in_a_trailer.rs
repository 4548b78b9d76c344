//! Sends behind the body what it may not send before it.

use headcount_connector::contract::wasi::wasi::http::types::{Fields, OutgoingBody};

use crate::attack::{Attack, HONEST, report};
use crate::http::{Ask, finish};

pub const ATTACK: Attack = Attack {
    check: || {
        for name in ["authorization", "x-api-key", "host", "transfer-encoding"] {
            if Fields::from_list(&[(name.to_owned(), b"mine".to_vec())]).is_ok() {
                return Err(report(format!("{name} was taken")));
            }
        }
        let begun = Ask::vendor("/search").begin().map_err(report)?;
        begun.stream.blocking_write_and_flush(b"body").map_err(|error| report(format!("{error:?}")))?;
        drop(begun.stream);
        let trailer =
            Fields::from_list(&[("x-trailer".to_owned(), b"mine".to_vec())]).map_err(|error| report(format!("{error:?}")))?;
        OutgoingBody::finish(begun.body, Some(trailer)).map_err(|code| report(format!("{code:?}")))?;
        let answer = finish(&begun.waiting).map_err(report)?;
        Err(report(String::from_utf8_lossy(&answer.body)))
    },
    ..HONEST
};
