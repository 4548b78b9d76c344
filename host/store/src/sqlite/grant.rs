//! Grants as a table: a key made of what identifies them, and where they were first read.

use std::borrow::Cow;

use headcount_model::{Grant, Kind, Merge, Reference};
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::field::{Field, View, read_kind};
use super::record::{Differing, Stored, differing, folded, unwritable};
use super::values::Values;
use crate::{Result, StoredRecord};

/// A grant, and the feed and parent that first yielded it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PlacedGrant {
    pub(super) grant: Grant,
    pub(super) feed: String,
    /// Empty: none.
    pub(super) parent: String,
}

impl Merge for PlacedGrant {
    fn absorb(&mut self, later: Self) {
        self.grant.absorb(later.grant);
    }
}

/// The key of a grant's row.
pub(super) fn grant_key(grant: &Grant) -> String {
    grant.key()
}

/// A grant's payload in staging.
pub(super) fn grant_payload(grant: &Grant, feed: &str, parent: &str) -> Result<String> {
    let Grant { principal, target, via, role, assigned_at, expires_at, last_used_at, attributes } = grant;
    serde_json::to_string(&((principal, target, via, role, assigned_at, expires_at, last_used_at, attributes), feed, parent))
        .map_err(unwritable)
}

impl Stored for PlacedGrant {
    const KIND: Kind = Kind::Grant;
    const TABLE: &'static str = "grants";
    const DERIVED: &'static [&'static str] = &["folded"];
    const COLUMNS: &'static [&'static str] = &[
        "principal_kind",
        "principal_id",
        "target_kind",
        "target_id",
        "via_kind",
        "via_id",
        "role",
        "assigned_at",
        "expires_at",
        "last_used_at",
        "attributes",
        "feed",
        "parent",
    ];

    fn key(&self) -> Cow<'_, str> {
        Cow::Owned(grant_key(&self.grant))
    }

    // The key has the rest.
    fn look<'a>(&'a self, each: &mut dyn FnMut(View<'a>)) {
        each(self.grant.assigned_at.view());
        each(self.grant.expires_at.view());
        each(self.grant.last_used_at.view());
        each(self.grant.attributes.view());
    }

    fn origin(&self) -> Option<(&str, &str)> {
        Some((&self.feed, &self.parent))
    }

    fn put_origin(&mut self, feed: String, parent: String) {
        (self.feed, self.parent) = (feed, parent);
    }

    fn put(self, values: &mut Values) {
        let Grant { principal, target, via, role, assigned_at, expires_at, last_used_at, attributes } = self.grant;
        values.add(folded([principal.id.as_str(), &target.id, role.as_deref().unwrap_or_default()]));
        values.add(principal.kind.as_str());
        values.add(principal.id);
        values.add(target.kind.as_str());
        values.add(target.id);
        let (via_kind, via_id) = via.map(|via| (via.kind.as_str(), via.id)).unzip();
        values.add(via_kind);
        values.add(via_id);
        for field in [role.own(), assigned_at.own(), expires_at.own(), last_used_at.own(), attributes.own()] {
            values.view(field);
        }
        values.add(self.feed);
        values.add(self.parent);
    }

    fn read(_id: String, row: &SqliteRow, at: usize) -> Result<Self> {
        let via = match row.try_get::<Option<String>, _>(at + 5)? {
            Some(id) => Some(Reference { kind: read_kind(row, at + 4)?, id }),
            None => None,
        };
        Ok(PlacedGrant {
            grant: Grant {
                principal: Reference { kind: read_kind(row, at)?, id: Field::read(row, at + 1)? },
                target: Reference { kind: read_kind(row, at + 2)?, id: Field::read(row, at + 3)? },
                via,
                role: Field::read(row, at + 6)?,
                assigned_at: Field::read(row, at + 7)?,
                expires_at: Field::read(row, at + 8)?,
                last_used_at: Field::read(row, at + 9)?,
                attributes: Field::read(row, at + 10)?,
            },
            feed: Field::read(row, at + 11)?,
            parent: Field::read(row, at + 12)?,
        })
    }

    fn answer(self) -> StoredRecord {
        StoredRecord::Grant(self.grant)
    }

    fn name(&self) -> Option<String> {
        None
    }

    fn differing(&self, other: &Self) -> Result<Vec<Differing>> {
        let (one, other) = (&self.grant, &other.grant);
        let times = [
            ("assigned_at", one.assigned_at, other.assigned_at),
            ("expires_at", one.expires_at, other.expires_at),
            ("last_used_at", one.last_used_at, other.last_used_at),
        ];
        let mut found = Vec::new();
        for (column, one, other) in times.into_iter().filter(|(_, one, other)| one != other) {
            found.push(differing(column, &one, &other)?);
        }
        if one.attributes != other.attributes {
            found.push(differing("attributes", &one.attributes, &other.attributes)?);
        }
        Ok(found)
    }

    fn payload(&self) -> Result<String> {
        grant_payload(&self.grant, &self.feed, &self.parent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(principal: &str, target: &str, role: Option<&str>, via: Option<&str>) -> Grant {
        Grant {
            role: role.map(str::to_owned),
            via: via.map(|id| Reference::new(Kind::Group, id)),
            ..Grant::new(Reference::new(Kind::User, principal), Reference::new(Kind::License, target))
        }
    }

    #[test]
    fn a_key_tells_every_part_apart() {
        let keys = [
            grant_key(&grant("1", "2", None, None)),
            grant_key(&grant("12", "", None, None)),
            grant_key(&grant("1", "2", Some("r"), None)),
            grant_key(&grant("1", "2", None, Some("r"))),
            grant_key(&grant("1\",\"2", "", None, None)),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[at + 1..].contains(key), "{key}");
        }
    }

    #[test]
    fn a_payload_reads_back_as_it_was() {
        let placed = PlacedGrant { grant: grant("1", "2", Some("r"), Some("g")), feed: "f".into(), parent: "p".into() };
        assert_eq!(serde_json::from_str::<PlacedGrant>(&placed.payload().unwrap()).unwrap(), placed);
    }
}
