//! Answers that are too long, too slow, or not what they say they are.

use crate::attacks;

attacks!(
    answer_that_never_comes,
    answer_to_no_question,
    body_that_breaks_off,
    body_that_stops,
    body_that_trickles,
    body_without_end,
    bomb_in_a_bomb,
    bomb_in_brotli,
    bomb_in_deflate,
    bomb_in_gzip,
    bomb_in_zstd,
    chunk_that_is_giant,
    coding_that_is_a_lie,
    coding_that_nobody_knows,
    continuations_without_end,
    frames_without_content,
    header_without_end,
    hints_in_frames,
    hints_without_end,
    length_and_chunks,
    length_that_is_giant,
    no_http_at_all,
    pings_without_end,
    settings_without_end,
    too_many_fields,
    two_lengths,
    wait_that_never_ends,
);
