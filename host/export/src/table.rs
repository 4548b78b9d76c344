//! What a collection's rows have: named columns, each of one kind.

use headcount_model::Timestamp;
use serde_json::Value;

/// A collection's name and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// In files' names and as Parquet's root: `users`.
    pub name: &'static str,
    /// In order.
    pub columns: &'static [Column],
}

/// One column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name: `display-name`.
    pub name: &'static str,
    /// What its values are.
    pub kind: ColumnKind,
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// A time, given in microseconds since 1970.
    Time,
    /// A list or a structure.
    Structure,
    /// A structure that is given as JSON text.
    JsonText,
}

impl Column {
    /// A column of text.
    pub const fn text(name: &'static str) -> Self {
        Column { name, kind: ColumnKind::Text }
    }

    /// A column of whole numbers.
    pub const fn integer(name: &'static str) -> Self {
        Column { name, kind: ColumnKind::Integer }
    }

    /// A column of true and false.
    pub const fn boolean(name: &'static str) -> Self {
        Column { name, kind: ColumnKind::Boolean }
    }

    /// A column of times.
    pub const fn time(name: &'static str) -> Self {
        Column { name, kind: ColumnKind::Time }
    }

    /// A column of lists or structures.
    pub const fn structure(name: &'static str) -> Self {
        Column { name, kind: ColumnKind::Structure }
    }

    /// A column of JSON text.
    pub const fn json_text(name: &'static str) -> Self {
        Column { name, kind: ColumnKind::JsonText }
    }
}

/// A value as text; none: no value.
pub(crate) fn text(kind: ColumnKind, value: Option<&Value>) -> Option<String> {
    match (kind, value?) {
        (_, Value::Null) => None,
        (ColumnKind::Time, value) if value.is_i64() => {
            Some(Timestamp::from_micros(value.as_i64().unwrap_or_default()).to_string())
        }
        (_, Value::String(text)) => Some(text.clone()),
        (_, value) => Some(value.to_string()),
    }
}
