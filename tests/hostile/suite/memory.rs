//! More memory than there is.

use crate::attacks;

attacks!(grow_at_once, grow_bit_by_bit);
