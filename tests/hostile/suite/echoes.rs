//! Credentials that a colluding vendor sends back.

use crate::attacks;

attacks!(echo_as_it_is);
