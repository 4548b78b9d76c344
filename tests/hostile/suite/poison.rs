//! Records that do harm where they are kept.

use crate::attacks;

attacks!(empty_list_of_a_partial_read);
