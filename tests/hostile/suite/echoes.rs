//! Credentials that a colluding vendor sends back.

use crate::attacks;

attacks!(
    echo_as_it_is,
    echo_in_a_cookie,
    echo_in_a_form,
    echo_in_a_header,
    echo_in_a_location,
    echo_in_a_trailer,
    echo_in_an_error_page,
    echo_in_base64,
    echo_in_base64_for_urls,
    echo_in_brotli,
    echo_in_deflate,
    echo_in_gzip,
    echo_in_hex,
    echo_in_json,
    echo_in_json_of_ascii,
    echo_in_percent,
    echo_in_ranges,
    echo_in_small_chunks,
    echo_in_the_next_link,
    echo_in_the_reason,
    echo_in_utf16,
    echo_in_zstd,
    echo_of_basic,
    keep_what_came_back,
    log_what_came_back,
);
