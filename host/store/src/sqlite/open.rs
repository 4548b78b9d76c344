//! Opening the file: its permissions, SQLite's settings, and the pools over it.

use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use super::{SqliteStore, fault, schema};
use crate::{Result, StoreError};

/// The oldest SQLite that can't corrupt a WAL.
const OLDEST: (u32, u32, u32) = (3, 51, 3);

/// How long another process may hold the file: it may be applying a large session.
const BUSY: Duration = Duration::from_secs(60);

/// How soon a file that was locked while it was opened is opened again.
const AGAIN: Duration = Duration::from_millis(20);

/// How long a write may wait for the writes of other sessions.
const WRITER: Duration = Duration::from_secs(300);

/// How long a question may wait for others.
const READER: Duration = Duration::from_secs(60);

/// Connections that answer questions at once.
const READERS: u32 = 4;

/// Rows on their way from SQLite's thread.
const ROWS_IN_FLIGHT: usize = 512;

/// Prepared statements kept: each table has one for every power of two of rows.
const STATEMENTS: usize = 400;

impl SqliteStore {
    /// Opens the store at `path`; makes the file, readable by its owner alone, and its folder where they aren't there.
    ///
    /// # Errors
    /// [`StoreError::Open`], [`StoreError::Newer`], [`StoreError::SqliteTooOld`], [`StoreError::Damaged`] (also when it is no
    /// database), [`StoreError::Locked`], [`StoreError::ReadOnly`] (when it is too old to be read as it is), [`StoreError::Full`].
    pub async fn open(path: &Path) -> Result<SqliteStore> {
        let owned = path.to_owned();
        let made = tokio::task::spawn_blocking(move || make(&owned)).await;
        let problem = |problem: String| StoreError::Open { path: path.display().to_string(), problem };
        made.map_err(|error| problem(error.to_string()))?.map_err(|error| problem(error.to_string()))?;
        let options = options(SqliteConnectOptions::new().filename(path));
        let writer = pool(options.clone(), 1, WRITER);
        let begun = Instant::now();
        let prepared = loop {
            match prepare(&writer, path).await {
                // SQLite does not wait where two connections turn a new file to its log at once.
                Err(StoreError::Locked) if begun.elapsed() < BUSY => tokio::time::sleep(AGAIN).await,
                prepared => break prepared,
            }
        };
        let store = match prepared {
            Ok(()) => {
                let readers = options.pragma("query_only", "1").pragma("cache_size", "-512");
                SqliteStore { writer, readers: pool(readers, READERS, READER) }
            }
            Err(error) => {
                writer.close().await;
                return Err(error);
            }
        };
        Ok(store)
    }

    /// A store in memory, gone when it is closed. For tests.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub async fn in_memory() -> Result<SqliteStore> {
        let path = Path::new(":memory:");
        let options = SqliteConnectOptions::from_str("sqlite::memory:").map_err(|error| fault::opening(path, error))?;
        let writer = pool(self::options(options), 1, WRITER);
        prepare(&writer, path).await?;
        Ok(SqliteStore { readers: writer.clone(), writer })
    }

    /// Ends all work and closes the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn options(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        .pragma("temp_store", "2")
        // 4 MiB: any large session fills it, so it is much of what the host grows by.
        .pragma("cache_size", "-4096")
        .pragma("journal_size_limit", "67108864")
        .statement_cache_capacity(STATEMENTS)
        .row_buffer_size(ROWS_IN_FLIGHT)
        .disable_statement_logging()
}

/// Connections live as long as the store: one in memory would take its data along.
fn pool(options: SqliteConnectOptions, most: u32, patience: Duration) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(most)
        .acquire_timeout(patience)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .connect_lazy_with(options)
}

async fn prepare(writer: &SqlitePool, path: &Path) -> Result<()> {
    let opening = |error| fault::opening(path, error);
    let found: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(writer).await.map_err(opening)?;
    if !is_sound(&found) {
        return Err(StoreError::SqliteTooOld { found });
    }
    schema::migrate(writer, path).await
}

fn is_sound(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next()) >= OLDEST
}

fn make(path: &Path) -> std::io::Result<()> {
    let mut folder = std::fs::DirBuilder::new();
    let mut file = std::fs::OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folder.mode(0o700);
        file.mode(0o600);
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        folder.recursive(true).create(parent)?;
    }
    match file.write(true).create_new(true).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sqlite_that_can_corrupt_a_wal_is_refused() {
        assert!(!is_sound("3.51.2"));
        assert!(!is_sound("3.9.9"));
        assert!(!is_sound(""));
        assert!(is_sound("3.51.3"));
        assert!(is_sound("4.0"));
    }
}
