//! Addresses that are nobody's business outside, in every spelling.

use crate::attack::attacks;

attacks!(literal_addresses);
