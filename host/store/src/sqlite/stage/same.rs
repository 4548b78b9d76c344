//! Which records of a page are stored just so: most are, most nights. They need no payload, and nobody looks at them again.

use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

use super::super::record::Stored;
use super::super::upsert::{Owner, differences};
use super::super::values::PORTION;
use crate::Result;

/// For each of these records, whether it is stored as it is: present, and seen by the last session. Empty: none is.
pub(super) async fn same<R: Stored>(database: &mut SqliteConnection, owner: Owner<'_>, records: &[R]) -> Result<Vec<bool>> {
    if last_key::<R>(database, owner).await?.is_none() {
        return Ok(Vec::new());
    }
    let mut same = vec![true; records.len()];
    let mut buffer = Vec::with_capacity(512);
    for (records, same) in records.chunks(PORTION).zip(same.chunks_mut(PORTION)) {
        let given: Vec<_> = records.iter().map(|record| (record.key().into_owned(), record.hash(&mut buffer))).collect();
        for (place, _) in differences::<R>(database, owner, given).await? {
            if let Some(same) = same.get_mut(place) {
                *same = false;
            }
        }
    }
    Ok(same)
}

/// The last key of a connection's records of a kind: what sorts behind it is new.
pub(in super::super) async fn last_key<R: Stored>(database: &mut SqliteConnection, owner: Owner<'_>) -> Result<Option<String>> {
    let sql = format!("SELECT max(id) FROM {} WHERE tenant = ? AND connection = ?", R::TABLE);
    let last = sqlx::query_scalar(AssertSqlSafe(sql)).bind(owner.tenant.as_str()).bind(owner.connection.as_str());
    Ok(last.fetch_one(database).await?)
}
