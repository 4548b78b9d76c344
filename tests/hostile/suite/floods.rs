//! Too much of what is harmless in small numbers.

use crate::attacks;

attacks!(flood_the_log);
