//! Another file than the one that was accepted.

use crate::attacks;

attacks!(swapped_component);
