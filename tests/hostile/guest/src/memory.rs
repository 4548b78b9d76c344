//! More memory than there is.

use crate::attack::attacks;

attacks!(grow_at_once, grow_bit_by_bit, grow_in_many_instances,);
