//! Credentials that a colluding vendor sends back. Each runs where its memory can be looked into afterwards.

use headcount::SessionState;
use headcount::model::manifest::Placement;

use super::super::{Attack, End};

/// What stands in the place of the credential.
const COVERED: End = End::Says("********");

const fn echo(name: &'static str, end: End) -> Attack {
    Attack::check(name, end).in_glass()
}

pub(super) const ATTACKS: &[Attack] = &[
    echo("echo_as_it_is", COVERED),
    echo("echo_in_percent", COVERED),
    echo("echo_in_a_form", COVERED),
    echo("echo_in_json", COVERED),
    echo("echo_in_json_of_ascii", COVERED),
    echo("echo_in_hex", COVERED),
    echo("echo_in_base64", COVERED),
    echo("echo_in_base64_for_urls", COVERED),
    echo("echo_in_utf16", COVERED),
    echo("echo_in_a_header", COVERED),
    echo("echo_in_a_cookie", End::Says("see the cookie")),
    echo("echo_in_a_location", COVERED),
    echo("echo_in_an_error_page", COVERED),
    echo("echo_in_the_reason", End::Says("see the reason")),
    echo("echo_in_a_trailer", End::Says("see the trailer")),
    echo("echo_in_small_chunks", COVERED),
    echo("echo_in_ranges", End::Says("nothing came back")).refused(&["part of a body"]),
    echo("echo_in_gzip", COVERED),
    echo("echo_in_brotli", COVERED),
    echo("echo_in_zstd", COVERED),
    echo("echo_in_deflate", COVERED),
    echo("echo_of_basic", COVERED).manifest(|manifest| {
        manifest.auth = vec![Placement::Basic { user: String::new(), secret: "api-key".to_owned() }];
    }),
    echo("echo_in_the_next_link", COVERED).manifest(super::in_the_query),
    echo("log_what_came_back", COVERED),
    Attack::sync("keep_what_came_back", End::Session(SessionState::Complete, "")),
];
