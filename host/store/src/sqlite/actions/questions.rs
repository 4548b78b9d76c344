//! What an action is about, as the store holds it; and what actions answered about accounts.

use headcount_model::{Application, Asset, ConnectionId, Group, Kind, License, Reference, Role, TenantId, User};
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::super::SqliteStore;
use super::super::grant::PlacedGrant;
use super::super::list::rows;
use super::super::record::email_key;
use super::super::sessions::{from_json, time};
use crate::{ActionAnswer, Filter, ParentPage, Result, Row};

/// Accounts with one address that are looked at.
const MOST_ACCOUNTS: u32 = 100;

pub(super) async fn record(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    kind: Kind,
    id: &str,
) -> Result<Option<Row>> {
    let filter = Filter { connection: Some(connection.clone()), gone: true, limit: 1, ..Filter::default() };
    let named = |query: &mut QueryBuilder<Sqlite>| {
        query.push(" AND row.id = ").push_bind(id.to_owned());
    };
    let found = match kind {
        Kind::User => rows::<User>(store, tenant, &filter, named).await?,
        Kind::Group => rows::<Group>(store, tenant, &filter, named).await?,
        Kind::Role => rows::<Role>(store, tenant, &filter, named).await?,
        Kind::Application => rows::<Application>(store, tenant, &filter, named).await?,
        Kind::License => {
            let found = rows::<License>(store, tenant, &filter, named).await?;
            super::super::licenses::with_holders(store, tenant, found).await?
        }
        Kind::Asset => rows::<Asset>(store, tenant, &filter, named).await?,
        Kind::Grant => rows::<PlacedGrant>(store, tenant, &filter, named).await?,
    };
    Ok(found.into_iter().next())
}

pub(super) async fn users_by_email(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    email: &str,
) -> Result<Vec<Row>> {
    let filter = Filter { connection: Some(connection.clone()), limit: MOST_ACCOUNTS, ..Filter::default() };
    rows::<User>(store, tenant, &filter, |query| {
        query.push(" AND row.email_key = ").push_bind(email_key(email));
    })
    .await
}

pub(super) async fn held_by(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    principal: &Reference,
    limit: u32,
) -> Result<Vec<Row>> {
    let filter = Filter { connection: Some(connection.clone()), limit, ..Filter::default() };
    rows::<PlacedGrant>(store, tenant, &filter, |query| {
        query.push(" AND row.principal_id = ").push_bind(principal.id.clone());
        query.push(" AND row.principal_kind = ").push_bind(principal.kind.as_str());
    })
    .await
}

pub(super) async fn listed_grants(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    list: &ParentPage,
    limit: u32,
) -> Result<Vec<String>> {
    let keys = sqlx::query_scalar(
        "SELECT id FROM grants WHERE tenant = $1 AND connection = $2 AND feed = $3 AND parent = $4 AND gone_at IS NULL LIMIT $5",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(&list.feed)
    .bind(list.parent.as_deref().unwrap_or_default())
    .bind(i64::from(limit))
    .fetch_all(&store.readers)
    .await?;
    Ok(keys)
}

pub(super) async fn answers(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    account: Option<&str>,
    after: Option<(String, String)>,
    limit: u32,
) -> Result<Vec<ActionAnswer>> {
    let (id, action) = after.unwrap_or_default();
    let found = sqlx::query(
        "SELECT id, action, at, stale, answer FROM action_answers
         WHERE tenant = $1 AND connection = $2 AND id = COALESCE($3, id) AND (id, action) > ($4, $5)
         ORDER BY id, action LIMIT $6",
    )
    .bind(tenant.as_str())
    .bind(connection.as_str())
    .bind(account)
    .bind(id)
    .bind(action)
    .bind(i64::from(limit))
    .fetch_all(&store.readers)
    .await?;
    let read = |row: &sqlx::sqlite::SqliteRow| {
        Ok(ActionAnswer {
            account: row.try_get("id")?,
            action: row.try_get("action")?,
            answer: from_json(row.try_get("answer")?, "an answer")?,
            at: time(row, "at")?,
            stale: row.try_get::<i64, _>("stale")? != 0,
        })
    };
    found.iter().map(read).collect()
}
