//! Attacks that differ by protocol, once more over HTTP/2, as far as they make sense there.

use anyhow::ensure;
use headcount::sandbox::Resource;

use super::super::{Attack, End};

const TOO_LONG: End = End::Excess(Resource::ResponseBytes);

const fn check(name: &'static str, end: End) -> Attack {
    Attack::check(name, end).over_http2()
}

pub(super) const ATTACKS: &[Attack] = &[
    check("body_without_end", TOO_LONG),
    check("body_that_trickles", End::Late).budget(super::short),
    check("body_that_stops", End::Says("nothing came back")).refused(&["the next bytes of the response took longer"]),
    check("body_that_breaks_off", End::Says("nothing came back")).refused(&["the exchange with api.mallory.example failed"]),
    check("bomb_in_gzip", TOO_LONG),
    check("bomb_in_brotli", TOO_LONG),
    check("bomb_in_deflate", TOO_LONG),
    check("bomb_in_zstd", TOO_LONG),
    check("bomb_in_a_bomb", End::Says("HttpResponseContentCoding")).refused(&["several codings, one inside the other"]),
    check("coding_that_nobody_knows", End::Says("HttpResponseContentCoding")).refused(&["coded as something unknown"]),
    check("coding_that_is_a_lie", End::Says("nothing came back")).refused(&["is not what its Content-Encoding says"]),
    check("length_that_is_giant", TOO_LONG),
    check("too_many_fields", End::Says("nothing came back")).refused(&["the exchange with api.mallory.example failed"]),
    check("answer_that_never_comes", End::Late).budget(super::short),
    check("wait_that_never_ends", End::Says("503")),
    check("fields_in_a_trailer", End::Says("you sent: POST /v1/search")).afterwards(|world| {
        ensure!(world.frames.trailers() == 0, "{} trailers came", world.frames.trailers());
        Ok(())
    }),
    Attack::read("write_nothing_for_ever", End::Excess(Resource::Cpu)).over_http2(),
];
