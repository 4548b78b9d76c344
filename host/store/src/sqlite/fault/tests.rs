//! Each failure of the database has its own error, and loses nothing that was committed.

use std::path::PathBuf;
use std::str::FromStr;

use headcount_model::{Kind, TenantId, Timestamp, User};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};

use crate::sqlite::{SqliteStore, schema};
use crate::{Filter, Result, Store, StoreError};

struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep").join("store.db");
    Place { _folder: folder, path }
}

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

/// Writes `count` users.
async fn write(store: &SqliteStore, count: usize) -> Result<()> {
    let users = (0..count).map(|id| User { id: id.to_string(), title: Some("x".repeat(500)), ..User::default() }).collect();
    store.upsert_users(&tenant(), &"one".parse().unwrap(), users, Timestamp::from_micros(1)).await.map(|_| ())
}

async fn stored(store: &SqliteStore) -> usize {
    store.list(&tenant(), Kind::User, &Filter { limit: 100_000, ..Filter::default() }).await.unwrap().len()
}

/// Runs a statement on the one connection that writes.
async fn on_writer(store: &SqliteStore, sql: &str) {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&store.writer).await.unwrap();
}

async fn other_process(place: &Place) -> SqliteConnection {
    SqliteConnection::connect_with(&SqliteConnectOptions::from_str(place.path.to_str().unwrap()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_full_disk_is_told_and_what_was_committed_stays() {
    let place = place();
    let store = SqliteStore::open(&place.path).await.unwrap();
    write(&store, 10).await.unwrap();
    on_writer(&store, "PRAGMA max_page_count = 80").await;
    assert!(matches!(write(&store, 5_000).await, Err(StoreError::Full)));
    assert_eq!(stored(&store).await, 10);
    // With space again, the same store writes again.
    on_writer(&store, "PRAGMA max_page_count = 1000000").await;
    write(&store, 5_000).await.unwrap();
    assert_eq!(stored(&store).await, 5_000);
    store.close().await;
    let store = SqliteStore::open(&place.path).await.unwrap();
    assert_eq!(stored(&store).await, 5_000);
}

#[tokio::test]
async fn a_transaction_that_sqlite_ended_by_itself_does_not_stop_the_next() {
    let place = place();
    let store = SqliteStore::open(&place.path).await.unwrap();
    write(&store, 10).await.unwrap();
    let mut transaction = store.begin().await.unwrap();
    sqlx::raw_sql("ROLLBACK").execute(&mut *transaction).await.unwrap();
    drop(transaction);
    write(&store, 20).await.unwrap();
    assert_eq!(stored(&store).await, 20);
}

#[tokio::test]
async fn a_store_that_can_only_be_read_is_told_and_still_answers() {
    let place = place();
    let store = SqliteStore::open(&place.path).await.unwrap();
    write(&store, 10).await.unwrap();
    on_writer(&store, "PRAGMA query_only = 1").await;
    assert!(matches!(write(&store, 20).await, Err(StoreError::ReadOnly)));
    assert_eq!(stored(&store).await, 10);
    on_writer(&store, "PRAGMA query_only = 0").await;
    write(&store, 20).await.unwrap();
}

#[tokio::test]
async fn a_file_opened_read_only_is_told() {
    let place = place();
    let store = SqliteStore::open(&place.path).await.unwrap();
    write(&store, 10).await.unwrap();
    store.close().await;
    let options = SqliteConnectOptions::new().filename(&place.path).read_only(true);
    let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let store = SqliteStore { readers: pool.clone(), writer: pool };
    assert!(matches!(write(&store, 20).await, Err(StoreError::ReadOnly)));
    assert_eq!(stored(&store).await, 10);
}

#[tokio::test]
async fn a_folder_that_can_not_be_made_is_told() {
    let place = place();
    std::fs::write(place.path.parent().unwrap(), "a file where a folder should be").unwrap();
    assert!(matches!(SqliteStore::open(&place.path).await, Err(StoreError::Open { .. })));
}

#[tokio::test]
async fn a_folder_in_place_of_the_file_is_told() {
    let place = place();
    std::fs::create_dir_all(&place.path).unwrap();
    assert!(matches!(SqliteStore::open(&place.path).await, Err(StoreError::Open { .. })));
}

#[tokio::test]
async fn a_lock_of_another_process_is_told_and_then_passes() {
    let place = place();
    let store = SqliteStore::open(&place.path).await.unwrap();
    on_writer(&store, "PRAGMA busy_timeout = 1").await;
    let mut other = other_process(&place).await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    assert!(matches!(write(&store, 10).await, Err(StoreError::Locked)));
    assert_eq!(stored(&store).await, 0);
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    write(&store, 10).await.unwrap();
    assert_eq!(stored(&store).await, 10);
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let place = place();
    let store = SqliteStore::open(&place.path).await.unwrap();
    write(&store, 10).await.unwrap();
    store.close().await;
    let newer = schema::known() + 1;
    let mut other = other_process(&place).await;
    sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA user_version = {newer}"))).execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    match SqliteStore::open(&place.path).await {
        Err(StoreError::Newer { found, known, .. }) => assert_eq!((found, known), (newer, schema::known())),
        other => panic!("{other:?}"),
    }
    let mut other = other_process(&place).await;
    sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA user_version = {}", schema::known()))).execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    assert_eq!(stored(&SqliteStore::open(&place.path).await.unwrap()).await, 10);
}

#[tokio::test]
async fn what_is_no_database_is_told_and_left_alone() {
    let place = place();
    std::fs::create_dir_all(place.path.parent().unwrap()).unwrap();
    let text = "dear diary, ".repeat(500);
    std::fs::write(&place.path, &text).unwrap();
    assert!(matches!(SqliteStore::open(&place.path).await, Err(StoreError::Damaged(_))));
    assert_eq!(std::fs::read_to_string(&place.path).unwrap(), text);
}

#[tokio::test]
async fn the_database_of_another_program_is_told_and_left_alone() {
    let place = place();
    std::fs::create_dir_all(place.path.parent().unwrap()).unwrap();
    std::fs::write(&place.path, "").unwrap();
    let mut other = other_process(&place).await;
    sqlx::raw_sql("CREATE TABLE songs (title TEXT)").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    match SqliteStore::open(&place.path).await {
        Err(StoreError::Open { problem, .. }) => assert!(problem.contains("another program")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_damaged_file_is_told() {
    let place = place();
    let store = SqliteStore::open(&place.path).await.unwrap();
    write(&store, 2_000).await.unwrap();
    store.close().await;
    let mut bytes = std::fs::read(&place.path).unwrap();
    let third = bytes.len() / 3;
    bytes[third..2 * third].fill(0x5a);
    std::fs::write(&place.path, bytes).unwrap();
    let store = SqliteStore::open(&place.path).await.unwrap();
    let listed = store.list(&tenant(), Kind::User, &Filter { limit: 100_000, ..Filter::default() }).await;
    assert!(matches!(listed, Err(StoreError::Damaged(_))), "{listed:?}");
}

#[tokio::test]
async fn opening_again_changes_nothing_and_the_file_is_the_owners_alone() {
    let place = place();
    let store = SqliteStore::open(&place.path).await.unwrap();
    write(&store, 10).await.unwrap();
    store.close().await;
    let bytes = std::fs::read(&place.path).unwrap();
    let store = SqliteStore::open(&place.path).await.unwrap();
    assert_eq!(stored(&store).await, 10);
    store.close().await;
    assert_eq!(std::fs::read(&place.path).unwrap(), bytes);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&place.path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(place.path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[tokio::test]
async fn two_programs_that_open_a_new_file_at_once_agree() {
    for _ in 0..20 {
        opened_at_once().await;
    }
}

async fn opened_at_once() {
    let place = place();
    let (one, two) = tokio::join!(SqliteStore::open(&place.path), SqliteStore::open(&place.path));
    let (one, two) = (one.unwrap(), two.unwrap());
    write(&one, 10).await.unwrap();
    write(&two, 20).await.unwrap();
    assert_eq!((stored(&one).await, stored(&two).await), (20, 20));
}
