//! Header fields that only the host sets, or that two readers take differently.

use anyhow::ensure;
use headcount::sandbox::Resource;

use super::super::{Attack, End};

/// The host takes no such field, so that there is no request to refuse; an honest field arrives.
const FORBIDDEN: End = End::Says("reached only what is honest: 200; api.mallory.example: HeaderError::Forbidden");
const MALFORMED: End = End::Says("reached only what is honest: 200; api.mallory.example: HeaderError::InvalidSyntax");
/// The body ends where its header says so.
const CUT_OFF: End = End::Says("reached only what is honest: 200; api.mallory.example: StreamError::LastOperationFailed");

pub(super) const ATTACKS: &[Attack] = &[
    Attack::check("credential_of_its_own", FORBIDDEN),
    Attack::check("another_method", FORBIDDEN),
    Attack::check("somebody_elses_word", FORBIDDEN),
    Attack::check("line_break_in_a_header", MALFORMED),
    Attack::check("framing_of_its_own", FORBIDDEN),
    Attack::check("length_that_is_not_the_bodys", CUT_OFF),
    Attack::check("fields_in_a_trailer", End::Says("you sent: POST /v1/search")).afterwards(|world| {
        let sent = world.vendor.requests("/v1/search");
        let trailer = sent.iter().find(|request| request.header("x-trailer").is_some());
        ensure!(trailer.is_none(), "the vendor got {trailer:?}");
        Ok(())
    }),
    Attack::check("fields_without_end", End::Excess(Resource::Headers)),
];
