//! Records that are meant to do harm where they are kept.

use crate::attack::attacks;

attacks!(empty_list_of_a_partial_read);
