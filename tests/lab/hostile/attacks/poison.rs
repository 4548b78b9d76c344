//! Records that do harm where they are kept.

use headcount::SessionState;
use headcount::sandbox::Resource;

use super::super::{Attack, End, modules};

pub(super) const ATTACKS: &[Attack] = &[
    Attack::sync("empty_list_of_a_partial_read", End::Session(SessionState::Partial, "the vendor broke off")),
    Attack::sync("fewer_rows_than_told", End::Session(SessionState::Partial, "3")),
    Attack::sync("duplicate_ids", End::Session(SessionState::Partial, "u1")),
    Attack::sync("ids_of_nothing", End::Session(SessionState::Partial, "without a usable id")),
    Attack::sync("giant_ids", End::Session(SessionState::Partial, "without a usable id")),
    Attack::sync("kinds_that_nobody_announced", End::Session(SessionState::Complete, "does not say that users yields it")),
    Attack::sync("grants_to_nowhere", End::Session(SessionState::Partial, "is listed for more than one of its parents")),
    Attack::sync("grants_of_what_holds_nothing", End::Session(SessionState::Partial, "can't hold anything")),
    Attack::sync("text_that_is_no_json", End::Session(SessionState::Complete, "attributes")),
    Attack::file("text_that_is_no_unicode", modules::text_that_is_no_unicode, End::Trap("utf-8")),
    Attack::sync("another_organisation", End::Session(SessionState::Held, "organisation")),
    Attack::sync("narrower_scope", End::Session(SessionState::Complete, "sees less than before")),
    Attack::sync("all_parents_gone", End::Session(SessionState::Partial, "although they were just listed")),
    Attack::sync("rows_skipped_in_silence", End::Session(SessionState::Partial, "without saying which")),
    Attack::check("giant_scope", End::Breach("50001 items")),
    Attack::read("giant_cursor", End::Breach("a cursor of 100000 bytes")),
    Attack::read("flood_of_skipped_rows", End::Excess(Resource::PageRecords)),
    Attack::check("giant_message", End::Says("mmmm…")),
];
