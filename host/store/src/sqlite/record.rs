//! Each kind of record as a table: its columns, in one place, checked against the record's fields by the compiler.

use std::borrow::Cow;

use headcount_model::{Application, Asset, Group, Kind, License, Merge, Role, User};
use serde::de::DeserializeOwned;
use serde::ser::{SerializeSeq, Serializer};
use sqlx::sqlite::SqliteRow;

use super::field::{Field, View};
use super::values::Values;
use crate::{Result, StoreError, StoredRecord};

/// How much of a row's hash covers the record itself; what follows covers where it was read.
pub(super) const RECORD_HASH: usize = 16;

/// A kind of record that has a table.
pub(super) trait Stored: Clone + Merge + serde::Serialize + DeserializeOwned + Send + Sync + Sized + 'static {
    /// Its kind.
    const KIND: Kind;
    /// Its table.
    const TABLE: &'static str;
    /// Columns made from others, to be searched: `folded` first.
    const DERIVED: &'static [&'static str];
    /// The columns of its own, in order, without `id`.
    const COLUMNS: &'static [&'static str];

    /// What tells one from another within a connection.
    fn key(&self) -> Cow<'_, str>;
    /// Shows each field of [`Stored::COLUMNS`] that makes up the record.
    fn look<'a>(&'a self, each: &mut dyn FnMut(View<'a>));
    /// Where it was read, for kinds that keep it.
    fn origin(&self) -> Option<(&str, &str)> {
        None
    }
    /// Sets where it was read, for kinds that keep it.
    fn put_origin(&mut self, _feed: String, _parent: String) {}
    /// Adds the derived columns, then its own.
    fn put(self, values: &mut Values);
    /// Reads a row whose own columns begin at `at`.
    fn read(id: String, row: &SqliteRow, at: usize) -> Result<Self>;
    /// As the answer to a question.
    fn answer(self) -> StoredRecord;
    /// The fields as a JSON array, in the order of the record: what serde reads back into it. Shorter than an object, and safe
    /// because whoever changes a record's fields changes the schema, and changing the schema drops what was staged.
    fn payload(&self) -> Result<String>;

    /// Whether the vendor marks it as out of use.
    fn is_off(&self) -> bool {
        false
    }
    /// What a person calls it: as [`name_column`] has it.
    fn name(&self) -> Option<String>;
    /// The fields that another one has otherwise, by column: in this one, and in the other.
    fn differing(&self, other: &Self) -> Result<Vec<Differing>>;

    /// The hash of its fields, and of where it was read.
    fn hash(&self, buffer: &mut Vec<u8>) -> Vec<u8> {
        buffer.clear();
        self.look(&mut |view| view.digest(buffer));
        let mut hash = Vec::with_capacity(24);
        hash.extend_from_slice(blake3::hash(buffer).as_bytes().get(..RECORD_HASH).unwrap_or_default());
        if let Some((feed, parent)) = self.origin() {
            buffer.clear();
            View::Text(Cow::Borrowed(feed)).digest(buffer);
            View::Text(Cow::Borrowed(parent)).digest(buffer);
            hash.extend_from_slice(blake3::hash(buffer).as_bytes().get(..8).unwrap_or_default());
        }
        hash
    }
}

/// A column, and its value in two records.
pub(super) type Differing = (&'static str, [serde_json::Value; 2]);

/// A field that is not the same in two records.
pub(super) fn differing<T: serde::Serialize>(column: &'static str, one: &T, other: &T) -> Result<Differing> {
    let value = |field: &T| serde_json::to_value(field).map_err(unwritable);
    Ok((column, [value(one)?, value(other)?]))
}

/// Text in which letter case no longer counts.
pub(super) fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// What a record is found by: lines, so that a search never matches across two of them.
pub(super) fn folded<'a>(lines: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for line in lines.into_iter().filter(|line| !line.is_empty()) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&fold(line));
    }
    text
}

/// The key under which accounts are joined into people.
pub(super) fn email_key(email: &str) -> String {
    fold(email.trim())
}

pub(super) fn unwritable(error: serde_json::Error) -> StoreError {
    StoreError::Database(format!("a record can't be written: {error}"))
}

trait Searched {
    const DERIVED: &'static [&'static str];
    fn derive(&self, values: &mut Values);
    fn name(&self) -> Option<String>;
    fn is_off(&self) -> bool {
        false
    }
}

impl Searched for User {
    const DERIVED: &'static [&'static str] = &["folded", "email_key"];

    fn derive(&self, values: &mut Values) {
        let lines = [&self.display_name, &self.given_name, &self.family_name, &self.user_name, &self.email];
        values.add(folded(std::iter::once(self.id.as_str()).chain(lines.into_iter().flatten().map(String::as_str))));
        values.add(self.email.as_deref().map(email_key));
    }

    fn name(&self) -> Option<String> {
        self.display_name.as_ref().or(self.email.as_ref()).or(self.user_name.as_ref()).cloned()
    }

    fn is_off(&self) -> bool {
        self.status.is_some_and(|status| status.is_lost())
    }
}

macro_rules! searched {
    ($record:ty, $name:ident, $($field:ident),+) => {
        impl Searched for $record {
            const DERIVED: &'static [&'static str] = &["folded"];

            fn derive(&self, values: &mut Values) {
                values.add(folded([self.id.as_str(), $(AsText::text(&self.$field)),+]));
            }

            fn name(&self) -> Option<String> {
                Some(self.$name.clone())
            }
        }
    };
}

trait AsText {
    fn text(&self) -> &str;
}

impl AsText for String {
    fn text(&self) -> &str {
        self
    }
}

impl AsText for Option<String> {
    fn text(&self) -> &str {
        self.as_deref().unwrap_or_default()
    }
}

searched!(Group, name, name, email);
searched!(Role, name, name);
searched!(Application, name, name);
searched!(License, product_name, product_id, product_name);
searched!(Asset, name, name);

macro_rules! stored {
    ($record:ident, $table:literal, $($field:ident),+ $(,)?) => {
        impl Stored for $record {
            const KIND: Kind = Kind::$record;
            const TABLE: &'static str = $table;
            const DERIVED: &'static [&'static str] = <$record as Searched>::DERIVED;
            const COLUMNS: &'static [&'static str] = &[$(stringify!($field)),+];

            fn key(&self) -> Cow<'_, str> {
                Cow::Borrowed(&self.id)
            }

            fn look<'a>(&'a self, each: &mut dyn FnMut(View<'a>)) {
                $(each(self.$field.view());)+
            }

            fn put(self, values: &mut Values) {
                self.derive(values);
                let $record { id: _, $($field),+ } = self;
                $(values.view($field.own());)+
            }

            fn read(id: String, row: &SqliteRow, at: usize) -> Result<Self> {
                let mut columns = at..;
                let mut next = || columns.next().unwrap_or_default();
                Ok($record { id, $($field: Field::read(row, next())?),+ })
            }

            fn answer(self) -> StoredRecord {
                StoredRecord::$record(self)
            }

            fn name(&self) -> Option<String> {
                Searched::name(self)
            }

            fn is_off(&self) -> bool {
                Searched::is_off(self)
            }

            fn differing(&self, other: &Self) -> Result<Vec<Differing>> {
                let mut found = Vec::new();
                $(if self.$field != other.$field {
                    found.push(differing(stringify!($field), &self.$field, &other.$field)?);
                })+
                Ok(found)
            }

            fn payload(&self) -> Result<String> {
                let mut json = Vec::with_capacity(256);
                let mut serializer = serde_json::Serializer::new(&mut json);
                let mut fields = serializer.serialize_seq(None).map_err(unwritable)?;
                fields.serialize_element(&self.id).map_err(unwritable)?;
                $(fields.serialize_element(&self.$field).map_err(unwritable)?;)+
                SerializeSeq::end(fields).map_err(unwritable)?;
                String::from_utf8(json).map_err(|error| StoreError::Database(error.to_string()))
            }
        }
    };
}

stored!(
    User,
    "users",
    status,
    account_type,
    user_name,
    email,
    aliases,
    display_name,
    given_name,
    family_name,
    external_id,
    employee_number,
    manager_id,
    title,
    department,
    administrator,
    mfa,
    created_at,
    updated_at,
    last_seen_at,
    attributes,
);
stored!(Group, "groups", name, category, description, email, attributes);
stored!(Role, "roles", name, description, administrator, permissions, attributes);
stored!(Application, "applications", name, protocol, active, description, sign_in_url, logo_url, created_at, attributes);
stored!(
    License,
    "licenses",
    product_id,
    product_name,
    quantity,
    state,
    trial,
    assignable,
    transferable,
    auto_renews,
    subscription,
    group_id,
    valid_until,
    assigned_at,
    last_used_at,
    attributes,
);
stored!(Asset, "assets", name, category, last_used_at, attributes);

/// The table of a kind.
pub(super) fn table(kind: Kind) -> &'static str {
    match kind {
        Kind::User => User::TABLE,
        Kind::Group => Group::TABLE,
        Kind::Role => Role::TABLE,
        Kind::Application => Application::TABLE,
        Kind::License => License::TABLE,
        Kind::Asset => Asset::TABLE,
        Kind::Grant => super::grant::PlacedGrant::TABLE,
    }
}

/// The column that a person would call a record's name.
pub(super) fn name_column(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "COALESCE(display_name, email, user_name)",
        Kind::License => "product_name",
        Kind::Grant => "id",
        Kind::Group | Kind::Role | Kind::Application | Kind::Asset => "name",
    }
}

#[cfg(test)]
mod tests {
    use headcount_model::{LicenseState, Timestamp, UserStatus};

    use super::*;

    fn round<R: Stored + PartialEq + std::fmt::Debug>(record: R) {
        assert_eq!(serde_json::from_str::<R>(&record.payload().unwrap()).unwrap(), record);
    }

    #[test]
    fn payloads_read_back_as_they_were() {
        round(User {
            id: "1".into(),
            status: Some(UserStatus::Locked),
            aliases: vec!["a".into(), "b\"".into()],
            mfa: Some(false),
            last_seen_at: Some(Timestamp::from_micros(-5)),
            attributes: Some("{}".into()),
            ..User::default()
        });
        round(Group { id: "1".into(), name: "n".into(), email: Some("e".into()), ..Group::default() });
        round(Role { id: "1".into(), permissions: vec!["p".into()], administrator: Some(true), ..Role::default() });
        round(Application { id: "1".into(), active: Some(true), logo_url: Some("l".into()), ..Application::default() });
        round(License { id: "1".into(), state: Some(LicenseState::Expired), quantity: Some(7), ..License::default() });
        round(Asset { id: "1".into(), category: "device".into(), ..Asset::default() });
    }

    #[test]
    fn a_hash_tells_fields_apart() {
        let buffer = &mut Vec::new();
        let given = User { given_name: Some("A".into()), ..User::default() };
        let family = User { family_name: Some("A".into()), ..User::default() };
        let empty = User { given_name: Some(String::new()), ..User::default() };
        let hashes = [given.hash(buffer), family.hash(buffer), empty.hash(buffer), User::default().hash(buffer)];
        for (at, hash) in hashes.iter().enumerate() {
            assert!(!hashes[at + 1..].contains(hash));
        }
    }
}
