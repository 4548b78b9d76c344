//! Header fields that only the host sets, or that two readers take differently.

use crate::attack::attacks;

attacks!(
    another_method,
    credential_of_its_own,
    fields_in_a_trailer,
    fields_without_end,
    framing_of_its_own,
    length_that_is_not_the_bodys,
    line_break_in_a_header,
    somebody_elses_word,
);
