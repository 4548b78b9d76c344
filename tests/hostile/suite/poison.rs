//! Records that do harm where they are kept.

use crate::attacks;

attacks!(
    all_parents_gone,
    another_organisation,
    duplicate_ids,
    empty_list_of_a_partial_read,
    fewer_rows_than_told,
    flood_of_skipped_rows,
    giant_cursor,
    giant_ids,
    giant_message,
    giant_scope,
    grants_of_what_holds_nothing,
    grants_to_nowhere,
    ids_of_nothing,
    kinds_that_nobody_announced,
    narrower_scope,
    rows_skipped_in_silence,
    text_that_is_no_json,
    text_that_is_no_unicode,
);
