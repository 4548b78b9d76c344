//! Too much of what is harmless in small numbers.

use crate::attacks;

attacks!(
    body_longer_than_any,
    empty_pages_without_end,
    flood_of_records,
    flood_the_log,
    flood_the_standard_streams,
    giant_list_to_the_host,
    giant_text_to_the_host,
    hoard_handles,
    hoard_pollables,
    hoard_requests,
    million_records,
    much_randomness,
    never_finish_a_body,
    never_read_bodies,
    one_giant_record,
    pages_without_end,
    rate_limit_without_end,
    requests_without_end,
    same_page_without_end,
    skips_without_end,
    write_nothing_for_ever,
    write_without_end,
);
