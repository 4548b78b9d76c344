//! Addresses in place of host names.

use crate::attacks;

attacks!(literal_addresses);
