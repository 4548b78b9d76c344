//! Header fields that only the host sets, or that two readers take differently.

use anyhow::ensure;
use headcount::sandbox::Resource;

use super::super::{Attack, End};

const NOWHERE: End = End::Says("reached nothing");

pub(super) const ATTACKS: &[Attack] = &[
    Attack::check("credential_of_its_own", NOWHERE),
    Attack::check("another_method", NOWHERE),
    Attack::check("somebody_elses_word", NOWHERE),
    Attack::check("line_break_in_a_header", NOWHERE),
    Attack::check("framing_of_its_own", NOWHERE),
    Attack::check("length_that_is_not_the_bodys", NOWHERE),
    Attack::check("fields_in_a_trailer", End::Says("you sent: POST /v1/search")).afterwards(|world| {
        let sent = world.vendor.requests("/v1/search");
        let trailer = sent.iter().find(|request| request.header("x-trailer").is_some());
        ensure!(trailer.is_none(), "the vendor got {trailer:?}");
        Ok(())
    }),
    Attack::check("fields_without_end", End::Excess(Resource::Headers)),
];
