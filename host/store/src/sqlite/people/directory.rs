//! What the directory says of persons whose keys new accounts have.

use std::collections::{BTreeMap, BTreeSet};

use headcount_model::TenantId;
use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::super::values::MOST;
use super::{ENDED_AT, OF_LINK, USABLE};
use crate::Result;
use crate::people::rule::Standing;

/// A tenant's directory, and what was looked up of it and of other connections.
pub(super) struct Directory {
    connection: Option<String>,
    /// When the first accounts of each connection came into the store.
    firsts: BTreeMap<String, i64>,
}

impl Directory {
    pub(super) async fn open(database: &mut SqliteConnection, tenant: &TenantId) -> Result<Self> {
        let connection = super::leavers::directory(database, tenant).await?.map(|id| id.to_string());
        Ok(Directory { connection, firsts: BTreeMap::new() })
    }

    /// Whether this connection is it.
    pub(super) fn is(&self, connection: &str) -> bool {
        self.connection.as_deref() == Some(connection)
    }

    /// What it says of those of these persons who have accounts in it.
    pub(super) async fn standings(
        &self,
        database: &mut SqliteConnection,
        tenant: &TenantId,
        persons: BTreeSet<i64>,
    ) -> Result<BTreeMap<i64, Standing>> {
        let mut found = BTreeMap::new();
        let Some(connection) = &self.connection else { return Ok(found) };
        let persons: Vec<i64> = persons.into_iter().collect();
        for persons in persons.chunks(MOST) {
            let mut query: QueryBuilder<Sqlite> = QueryBuilder::new("SELECT link.person, max(CASE WHEN ");
            query.push(USABLE).push(" THEN COALESCE(row.seen_at, applied.at, row.first_seen_at) END), max(CASE WHEN ");
            query.push(ENDED_AT).push(" IS NULL THEN NULL WHEN row.status IN ('inactive', 'suspended')");
            query.push(" THEN COALESCE(row.able_at, row.first_seen_at) ELSE COALESCE(row.seen_at, row.first_seen_at) END)");
            query.push(" FROM links AS link").push(OF_LINK);
            query.push("LEFT JOIN applied ON applied.tenant = row.tenant AND applied.connection = row.connection");
            query.push(" AND applied.kind = 'user' WHERE link.tenant = ").push_bind(tenant.as_str().to_owned());
            query.push(" AND link.connection = ").push_bind(connection.clone()).push(" AND link.person IN (");
            let mut list = query.separated(", ");
            persons.iter().for_each(|person| {
                list.push_bind(*person);
            });
            query.push(") GROUP BY link.person");
            for row in query.build().persistent(false).fetch_all(&mut *database).await? {
                let (usable, ended): (Option<i64>, Option<i64>) = (row.try_get(1)?, row.try_get(2)?);
                // Of who is out of scope there, it says nothing.
                if let Some(until) = usable.or(ended) {
                    found.insert(row.try_get(0)?, Standing { left: usable.is_none(), until });
                }
            }
        }
        Ok(found)
    }

    /// When an account came into being whose vendor does not say: when it was first seen, unless that was with the first accounts of
    /// its connection.
    pub(super) async fn appeared(
        &mut self,
        database: &mut SqliteConnection,
        tenant: &TenantId,
        connection: &str,
        first_seen_at: i64,
    ) -> Result<Option<i64>> {
        let first = match self.firsts.get(connection) {
            Some(first) => *first,
            None => {
                let first: Option<i64> =
                    sqlx::query_scalar("SELECT min(first_seen_at) FROM users WHERE tenant = $1 AND connection = $2")
                        .bind(tenant.as_str())
                        .bind(connection)
                        .fetch_one(database)
                        .await?;
                *self.firsts.entry(connection.to_owned()).or_insert(first.unwrap_or(i64::MIN))
            }
        };
        Ok((first_seen_at > first).then_some(first_seen_at))
    }
}
