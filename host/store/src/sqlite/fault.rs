//! What SQLite's failures mean to whoever runs Headcount.

use std::path::Path;

use crate::StoreError;

/// SQLite's primary result code of a failure, where it has one.
fn code(error: &sqlx::Error) -> Option<u32> {
    let extended: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match (code(&error), &error) {
            (Some(5 | 6), _) => StoreError::Locked,
            (Some(8), _) => StoreError::ReadOnly,
            (Some(10), _) => StoreError::Disk(message(&error)),
            (Some(11 | 26), _) => StoreError::Damaged(message(&error)),
            (Some(13), _) => StoreError::Full,
            (_, sqlx::Error::PoolTimedOut) => StoreError::Busy,
            (_, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)) => StoreError::Unreadable(error.to_string()),
            _ => StoreError::Database(message(&error)),
        }
    }
}

/// SQLite's own words, without sqlx's around them.
pub(super) fn message(error: &sqlx::Error) -> String {
    error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned())
}

/// A failure while the file at `path` was being opened.
pub(super) fn opening(path: &Path, error: sqlx::Error) -> StoreError {
    match code(&error) {
        Some(11 | 26) => StoreError::Damaged(format!("{}: {}", path.display(), message(&error))),
        Some(14) => StoreError::Open { path: path.display().to_string(), problem: message(&error) },
        Some(_) => error.into(),
        None => StoreError::Open { path: path.display().to_string(), problem: error.to_string() },
    }
}

#[cfg(test)]
mod tests;
