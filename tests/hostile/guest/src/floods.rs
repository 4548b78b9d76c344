//! Too much of something that is harmless in small numbers.

use crate::attack::attacks;

attacks!(flood_the_log);
