//! Answers that are too long, too slow, or not what they say they are.

use headcount::Manifest;
use headcount::sandbox::Resource;

use super::super::{Attack, End, frames};

const TOO_LONG: End = End::Excess(Resource::ResponseBytes);

/// By a server that writes its frames itself, over a short call.
const fn flood(name: &'static str, end: End) -> Attack {
    Attack::check(name, end).over_http2().manifest(floods).budget(super::short)
}

/// Names the hosts of the floods.
fn floods(manifest: &mut Manifest) {
    manifest.hosts.extend(frames::FLOODS.iter().filter_map(|host| format!("https://{host}/v1").parse().ok()));
}

pub(super) const ATTACKS: &[Attack] = &[
    Attack::check("body_without_end", TOO_LONG),
    Attack::check("body_that_trickles", End::Late).budget(super::short),
    Attack::check("body_that_stops", End::Says("nothing came back")).refused(&["the next bytes of the response took longer"]),
    Attack::check("body_that_breaks_off", End::Says("nothing came back"))
        .refused(&["the exchange with api.mallory.example failed"]),
    Attack::check("bomb_in_gzip", TOO_LONG),
    Attack::check("bomb_in_brotli", TOO_LONG),
    Attack::check("bomb_in_deflate", TOO_LONG),
    Attack::check("bomb_in_zstd", TOO_LONG),
    Attack::check("bomb_in_a_bomb", End::Says("HttpResponseContentCoding")).refused(&["several codings, one inside the other"]),
    Attack::check("coding_that_nobody_knows", End::Says("HttpResponseContentCoding")).refused(&["coded as something unknown"]),
    Attack::check("coding_that_is_a_lie", End::Says("nothing came back")).refused(&["is not what its Content-Encoding says"]),
    Attack::check("length_that_is_giant", TOO_LONG),
    Attack::check("chunk_that_is_giant", TOO_LONG),
    Attack::check("header_without_end", End::Says("nothing came back")).refused(&["the response's header has more than"]),
    Attack::check("too_many_fields", End::Says("nothing came back")).refused(&["the response's header has more than"]),
    Attack::check("hints_without_end", End::Says("ConnectionTerminated")).refused(&["it sent more than 16 interim responses"]),
    Attack::check("two_lengths", End::Says("nothing came back")).refused(&["the exchange with api.mallory.example failed"]),
    Attack::check("length_and_chunks", End::Says("ConnectionTerminated")),
    Attack::check("no_http_at_all", End::Says("nothing came back")).refused(&["the exchange with api.mallory.example failed"]),
    Attack::check("answer_that_never_comes", End::Late).budget(super::short),
    Attack::check("answer_to_no_question", End::Says("the first; then 200")),
    Attack::check("wait_that_never_ends", End::Says("503")),
    flood("frames_without_content", End::Says("nothing came back")).refused(&["the exchange with frames.mallory.example failed"]),
    flood("pings_without_end", End::Late),
    flood("settings_without_end", End::Late),
    flood("continuations_without_end", End::Says("nothing came back"))
        .refused(&["the exchange with continuations.mallory.example failed"]),
    flood("hints_in_frames", End::Late),
];
