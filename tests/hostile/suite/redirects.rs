//! A vendor who sends the connector somewhere else.

use crate::attacks;

attacks!(
    redirect_in_a_circle,
    redirect_out_of_the_prefix,
    redirect_to_a_user_name,
    redirect_to_an_address_inside,
    redirect_to_another_host,
    redirect_to_another_scheme,
    redirect_to_plain_text,
);
