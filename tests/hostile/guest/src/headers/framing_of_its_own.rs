//! Says itself how its body is framed, so that its end is another request's begin.

use crate::attack::{Attack, HONEST};
use crate::http::{Ask, walled};
use headcount_connector::contract::wasi::wasi::http::types::Method;

pub const ATTACK: Attack = Attack {
    check: || {
        let body = "0\r\n\r\nGET /admin HTTP/1.1\r\nhost: api.mallory.example\r\n\r\n";
        let ask = || Ask::vendor("/search").method(Method::Post).body(body);
        Err(walled(
            [
                ask().header("transfer-encoding", "chunked"),
                ask().header("Transfer-Encoding", "xchunked"),
                ask().header("keep-alive", "timeout=1000"),
                ask().header("trailer", "authorization"),
            ],
            &ask(),
        ))
    },
    ..HONEST
};
