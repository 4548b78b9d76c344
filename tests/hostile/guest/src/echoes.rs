//! A vendor who colludes sends the credential back, and the connector tells what it got.

use crate::attack::attacks;

attacks!(echo_as_it_is);
