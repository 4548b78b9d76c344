//! Another file than the one that was accepted, and code that nobody compiled.

use crate::attacks;

attacks!(
    artefact_of_another_host,
    damaged_artefact,
    moved_digest,
    moved_host,
    planted_artefact,
    swapped_component,
    wider_manifest,
);
