//! Grants: who has access to what.

use headcount_model::{Grant, Reference};

use super::super::Reader;
use super::{Read, len, reference, text};
use crate::bindings::model as wit;
use crate::budget::Excess;

impl Read for Grant {
    type From = wit::Grant;

    fn bytes(from: &wit::Grant) -> usize {
        let size = [
            from.principal.id.len(),
            from.target.id.len(),
            from.via.as_ref().map_or(0, |via| via.id.len()),
            len(&from.role),
            len(&from.assigned_at),
            len(&from.expires_at),
            len(&from.last_used_at),
            len(&from.attributes),
        ];
        size.into_iter().sum()
    }

    fn read(from: wit::Grant, reader: &mut Reader<'_>) -> Result<Self, Excess> {
        let mut grant = Grant::new(reference(from.principal), reference(from.target));
        grant.via = from.via.map(reference);
        grant.role = text(from.role);
        let of = Of(&grant.principal, &grant.target);
        let times = [
            reader.time(from.assigned_at, "assigned-at", &of),
            reader.time(from.expires_at, "expires-at", &of),
            reader.time(from.last_used_at, "last-used-at", &of),
        ];
        let attributes = reader.attributes(from.attributes, &of);
        [grant.assigned_at, grant.expires_at, grant.last_used_at] = times;
        grant.attributes = attributes;
        Ok(grant)
    }
}

/// Names a grant.
struct Of<'a>(&'a Reference, &'a Reference);

impl std::fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the grant of {} to {}", self.1, self.0)
    }
}
