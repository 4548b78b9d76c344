//! Host names that stand for addresses inside.

use crate::attacks;

attacks!(name_that_stands_for_loopback);
