//! Records that filters dropped.

use headcount_model::{ConnectionId, Kind, Reference, SessionId, TenantId, Timestamp};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite};

use super::super::SqliteStore;
use super::super::changes::{Entry, Log};
use super::super::connections::require_connection;
use super::super::field::read_kind;
use super::super::record::{name_column, table};
use super::super::sessions::open_session;
use super::super::values::{MOST, Values, placeholders, portions};
use super::accounts::push_ids;
use crate::{Result, What};

pub(super) async fn stage(
    store: &SqliteStore,
    tenant: &TenantId,
    session: SessionId,
    dropped: &[Reference],
) -> Result<Vec<Reference>> {
    let mut transaction = store.begin().await?;
    open_session(&mut transaction, tenant, session).await?;
    let mut fresh = Vec::new();
    let mut references = dropped.iter();
    for portion in portions(dropped.len()) {
        let mut values = Values::with_capacity(portion * 3);
        for reference in references.by_ref().take(portion) {
            values.add(session.0);
            values.add(reference.kind.as_str());
            values.add(reference.id.as_str());
        }
        let sql = format!(
            "INSERT INTO dropped (session, kind, id) VALUES {} ON CONFLICT (session, kind, id) DO NOTHING RETURNING kind, id",
            placeholders(portion, 3)
        );
        for row in sqlx::query_with(AssertSqlSafe(sql), values.finish()?).fetch_all(&mut *transaction).await? {
            fresh.push(Reference::new(read_kind(&row, 0)?, row.try_get::<String, _>(1)?));
        }
    }
    transaction.commit().await?;
    Ok(fresh)
}

pub(super) async fn leave_out(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    kind: Kind,
    ids: &[String],
    now: Timestamp,
) -> Result<u64> {
    // A row that is gone keeps the time at which it was last seen.
    let seen = "seen_session = COALESCE(seen_session,
            (SELECT session FROM applied WHERE tenant = row.tenant AND connection = row.connection AND kind = ";
    let seen_at = ")),
        seen_at = COALESCE(seen_at,
            (SELECT at FROM applied WHERE tenant = row.tenant AND connection = row.connection AND kind = ";
    let mark = |table: &str, of: Kind| {
        let mut query: QueryBuilder<Sqlite> = QueryBuilder::new(format!("UPDATE {table} AS row SET gone_at = "));
        query.push_bind(now.micros()).push(", changed_at = ").push_bind(now.micros()).push(", ").push(seen);
        query.push_bind(of.as_str()).push(seen_at).push_bind(of.as_str()).push("), first_seen_at) WHERE row.tenant = ");
        query.push_bind(tenant.as_str().to_owned()).push(" AND row.connection = ");
        query.push_bind(connection.as_str().to_owned()).push(" AND row.gone_at IS NULL");
        query
    };
    let mut transaction = store.begin().await?;
    require_connection(&mut transaction, tenant, connection).await?;
    let mut log = Log::open(&mut transaction, tenant, connection.as_str(), None, now).await?;
    let mut left = 0;
    for ids in ids.chunks(MOST) {
        let mut records = mark(table(kind), kind);
        push_ids(records.push(" AND row.id IN "), ids);
        let gone = returned(&mut transaction, records, kind).await?;
        left += gone.len() as u64;
        log.add(&mut transaction, gone).await?;
        for end in ["principal", "target", "via"] {
            let mut grants = mark(table(Kind::Grant), Kind::Grant);
            grants.push(format!(" AND row.{end}_kind = ")).push_bind(kind.as_str());
            push_ids(grants.push(format!(" AND row.{end}_id IN ")), ids);
            let gone = returned(&mut transaction, grants, Kind::Grant).await?;
            log.add(&mut transaction, gone).await?;
        }
    }
    log.close(&mut transaction).await?;
    transaction.commit().await?;
    Ok(left)
}

/// Runs it, and gives what it marked as changes.
async fn returned(database: &mut SqliteConnection, mut query: QueryBuilder<Sqlite>, kind: Kind) -> Result<Vec<Entry>> {
    let name = if kind == Kind::Grant { "NULL" } else { name_column(kind) };
    query.push(format!(" RETURNING id, {name}"));
    let rows = query.build().fetch_all(database).await?;
    let entry = |row: &SqliteRow| {
        Ok(Entry { kind: kind.as_str(), id: row.try_get(0)?, what: What::Removed, name: row.try_get(1)?, fields: None })
    };
    rows.iter().map(entry).collect()
}
