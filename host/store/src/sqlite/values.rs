//! Statements of many rows, and the values that go with them.
//!
//! Placeholders are `?`: with numbered ones, SQLite looks each of the thousands up by name.

use std::borrow::Cow;

use sqlx::Arguments;
use sqlx::sqlite::SqliteArguments;

use super::field::View;
use crate::{Result, StoreError};

/// The most ids that one question carries.
pub(super) const MOST: usize = 256;

/// The most rows that one statement writes. Each statement is handed to SQLite's thread and back; measured on idle cores, where waking
/// a thread is dear, 512 rows do twice what 32 do. With 29 values a row they stay well below the 32,766 that SQLite takes.
pub(super) const PORTION: usize = 512;

/// Cuts `count` rows into statements of 512, 256, 128, … rows, so that few distinct statements are ever prepared.
pub(super) fn portions(mut count: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let portion = (count.checked_ilog2().map(|bits| 1_usize << bits)?).min(PORTION);
        count -= portion;
        Some(portion)
    })
}

/// `(?,?),(?,?)`: so many rows of so many columns.
pub(super) fn placeholders(rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * (2 * columns + 2));
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ",(" });
        for column in 0..columns {
            text.push_str(if column == 0 { "?" } else { ",?" });
        }
        text.push(')');
    }
    text
}

/// The values of one statement, in the order of its placeholders.
#[derive(Default)]
pub(super) struct Values {
    arguments: SqliteArguments,
    failed: Option<String>,
}

impl Values {
    /// Room for so many values.
    pub(super) fn with_capacity(values: usize) -> Self {
        let mut arguments = SqliteArguments::default();
        arguments.reserve(values, 0);
        Values { arguments, failed: None }
    }

    /// Adds one.
    pub(super) fn add<'a, T: sqlx::Encode<'a, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>>(&mut self, value: T) {
        if let Err(error) = Arguments::add(&mut self.arguments, value) {
            self.failed = Some(error.to_string());
        }
    }

    /// Adds a record's field.
    pub(super) fn view(&mut self, view: View<'_>) {
        match view {
            View::Null => self.add(None::<i64>),
            View::Text(Cow::Owned(text)) => self.add(text),
            View::Text(Cow::Borrowed(text)) => self.add(text),
            View::Int(number) => self.add(number),
        }
    }

    /// Ready to be bound.
    pub(super) fn finish(self) -> Result<SqliteArguments> {
        match self.failed {
            None => Ok(self.arguments),
            Some(problem) => Err(StoreError::Database(problem)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_add_up_and_stay_within_the_limit() {
        for count in [0, 1, 2, 31, 32, 33, 1_500] {
            let all: Vec<usize> = portions(count).collect();
            assert_eq!(all.iter().sum::<usize>(), count);
            assert!(all.iter().all(|portion| (1..=PORTION).contains(portion)));
        }
    }

    #[test]
    fn placeholders_have_rows_and_columns() {
        assert_eq!(placeholders(2, 3), "(?,?,?),(?,?,?)");
        assert_eq!(placeholders(1, 1), "(?)");
    }
}
