//! What differs by protocol, once more over HTTP/2.

use headcount_tests::hostile::over_http2;

/// Makes a test of each attack, and one that none is left out.
macro_rules! again {
    ($($name:ident),+ $(,)?) => {
        $(#[test]
        fn $name() {
            let name = stringify!($name);
            crate::hold(over_http2().find(|attack| attack.name == name).expect("it is listed for HTTP/2"));
        })+

        #[test]
        fn every_attack_that_is_listed_for_http2_is_run() {
            let mut listed: Vec<&str> = over_http2().map(|attack| attack.name).collect();
            listed.sort_unstable();
            assert_eq!(listed, [$(stringify!($name)),+]);
        }
    };
}

again!(
    answer_that_never_comes,
    body_that_breaks_off,
    body_that_stops,
    body_that_trickles,
    body_without_end,
    bomb_in_a_bomb,
    bomb_in_brotli,
    bomb_in_deflate,
    bomb_in_gzip,
    bomb_in_zstd,
    coding_that_is_a_lie,
    coding_that_nobody_knows,
    fields_in_a_trailer,
    length_that_is_giant,
    too_many_fields,
    wait_that_never_ends,
    write_nothing_for_ever,
);
