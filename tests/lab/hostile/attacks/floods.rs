//! Too much of what is harmless in small numbers.

use headcount::SessionState;
use headcount::sandbox::Resource;

use super::super::{Attack, End, modules};

pub(super) const ATTACKS: &[Attack] = &[
    Attack::read("flood_the_log", End::Excess(Resource::Cpu)).floods_its_log(),
    Attack::file("flood_the_standard_streams", modules::flood_the_standard_streams, End::Excess(Resource::Cpu)).floods_its_log(),
    Attack::read("hoard_handles", End::Excess(Resource::Handles)),
    Attack::read("hoard_pollables", End::Excess(Resource::Handles)),
    Attack::read("hoard_requests", End::Excess(Resource::ConcurrentRequests)).budget(|budget| budget.requests = 10_000),
    Attack::read("requests_without_end", End::Excess(Resource::Requests)),
    Attack::read("much_randomness", End::Excess(Resource::RandomBytes)),
    Attack::read("giant_text_to_the_host", End::Excess(Resource::HostCallBytes)).budget(super::large),
    Attack::read("giant_list_to_the_host", End::Excess(Resource::Handles)),
    Attack::read("flood_of_records", End::Excess(Resource::PageRecords)),
    Attack::read("million_records", End::Excess(Resource::HostCallBytes)).budget(super::large),
    Attack::read("one_giant_record", End::Excess(Resource::RecordBytes)),
    Attack::sync("pages_without_end", End::Session(SessionState::Failed, "budget of records")),
    Attack::sync("empty_pages_without_end", End::Session(SessionState::Partial, "carried nothing new")),
    Attack::sync("same_page_without_end", End::Session(SessionState::Partial, "circles")),
    Attack::sync("skips_without_end", End::Session(SessionState::Failed, "budget of records")),
    Attack::sync("rate_limit_without_end", End::Session(SessionState::Failed, "come back later")),
    Attack::read("write_nothing_for_ever", End::Excess(Resource::Cpu)),
    Attack::read("write_without_end", End::Excess(Resource::RequestBytes)),
    Attack::read("body_longer_than_any", End::Says("HttpRequestBodySize"))
        .budget(|budget| budget.request_bytes = 1 << 30)
        .refused(&["longer than 8388608 bytes"]),
    Attack::read("never_read_bodies", End::Late).budget(super::short),
    Attack::read("never_finish_a_body", End::Late).budget(super::short),
];
