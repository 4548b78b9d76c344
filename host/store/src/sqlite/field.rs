//! How one field of a record is compared, written and read back.

use std::borrow::Cow;

use headcount_model::{AccountType, Kind, LicenseState, Timestamp, UserStatus};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::{Result, StoreError};

/// A field as the database sees it.
#[derive(Debug)]
pub(super) enum View<'a> {
    Null,
    Text(Cow<'a, str>),
    Int(i64),
}

impl View<'_> {
    /// Appends the field so that no two different lists of fields give the same bytes.
    pub(super) fn digest(&self, into: &mut Vec<u8>) {
        match self {
            View::Null => into.push(0),
            View::Text(text) => {
                into.push(1);
                into.extend_from_slice(&(text.len() as u64).to_le_bytes());
                into.extend_from_slice(text.as_bytes());
            }
            View::Int(number) => {
                into.push(2);
                into.extend_from_slice(&number.to_le_bytes());
            }
        }
    }
}

/// A field's type.
pub(super) trait Field: Sized {
    /// To compare.
    fn view(&self) -> View<'_>;
    /// To write, without a copy.
    fn own(self) -> View<'static>;
    /// The column of a row.
    fn read(row: &SqliteRow, at: usize) -> Result<Self>;
}

impl Field for String {
    fn view(&self) -> View<'_> {
        View::Text(Cow::Borrowed(self))
    }

    fn own(self) -> View<'static> {
        View::Text(Cow::Owned(self))
    }

    fn read(row: &SqliteRow, at: usize) -> Result<Self> {
        Ok(row.try_get(at)?)
    }
}

impl Field for Option<String> {
    fn view(&self) -> View<'_> {
        self.as_ref().map_or(View::Null, Field::view)
    }

    fn own(self) -> View<'static> {
        self.map_or(View::Null, Field::own)
    }

    fn read(row: &SqliteRow, at: usize) -> Result<Self> {
        Ok(row.try_get(at)?)
    }
}

impl Field for Vec<String> {
    fn view(&self) -> View<'_> {
        if self.is_empty() { View::Null } else { View::Text(Cow::Owned(serde_json::Value::from(self.clone()).to_string())) }
    }

    fn own(self) -> View<'static> {
        if self.is_empty() { View::Null } else { View::Text(Cow::Owned(serde_json::Value::from(self).to_string())) }
    }

    fn read(row: &SqliteRow, at: usize) -> Result<Self> {
        match row.try_get::<Option<&str>, _>(at)? {
            Some(text) => serde_json::from_str(text).map_err(|error| StoreError::Unreadable(format!("a list: {error}"))),
            None => Ok(Vec::new()),
        }
    }
}

impl Field for Option<bool> {
    fn view(&self) -> View<'_> {
        self.own()
    }

    fn own(self) -> View<'static> {
        self.map_or(View::Null, |flag| View::Int(flag.into()))
    }

    fn read(row: &SqliteRow, at: usize) -> Result<Self> {
        Ok(row.try_get::<Option<i64>, _>(at)?.map(|number| number != 0))
    }
}

impl Field for Option<u32> {
    fn view(&self) -> View<'_> {
        self.own()
    }

    fn own(self) -> View<'static> {
        self.map_or(View::Null, |number| View::Int(number.into()))
    }

    fn read(row: &SqliteRow, at: usize) -> Result<Self> {
        row.try_get::<Option<i64>, _>(at)?
            .map(|number| u32::try_from(number).map_err(|_| StoreError::Unreadable(format!("the quantity {number}"))))
            .transpose()
    }
}

impl Field for Option<Timestamp> {
    fn view(&self) -> View<'_> {
        self.own()
    }

    fn own(self) -> View<'static> {
        self.map_or(View::Null, |time| View::Int(time.micros()))
    }

    fn read(row: &SqliteRow, at: usize) -> Result<Self> {
        Ok(row.try_get::<Option<i64>, _>(at)?.map(Timestamp::from_micros))
    }
}

macro_rules! word {
    ($type:ty) => {
        impl Field for Option<$type> {
            fn view(&self) -> View<'_> {
                self.own()
            }

            fn own(self) -> View<'static> {
                self.map_or(View::Null, |word| View::Text(Cow::Borrowed(word.as_str())))
            }

            fn read(row: &SqliteRow, at: usize) -> Result<Self> {
                let Some(word) = row.try_get::<Option<&str>, _>(at)? else { return Ok(None) };
                <$type>::from_word(word).map(Some).ok_or_else(|| unknown(word))
            }
        }
    };
}

word!(UserStatus);
word!(AccountType);
word!(LicenseState);

fn unknown(word: &str) -> StoreError {
    StoreError::Unreadable(format!("the word {word:?}"))
}

/// The kind in a column.
pub(super) fn read_kind(row: &SqliteRow, at: usize) -> Result<Kind> {
    let word: &str = row.try_get(at)?;
    word.parse().map_err(|_| unknown(word))
}
