//! The same from connectors for other versions of WASI, and connectors for other contracts.

use crate::attacks;

attacks!(
    ask_through_a_newer_version,
    ask_through_an_older_version,
    contract_of_the_future,
    files,
    import_of_a_preview,
    import_that_nobody_offers,
    sockets,
);
