//! People in SQLite: who they are. What is done about them is in the files beside.

mod administer;
mod conflicts;
pub(super) mod correlate;
mod directory;
mod fields;
mod hand;
mod leavers;
mod read;
mod told;
mod unclaimed;

pub(super) use hand::forget_the_accountless;
pub(super) use unclaimed::{Keys, unclaimed};

use async_trait::async_trait;
use headcount_model::{ConnectionId, TenantId, Timestamp};
use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Sqlite};

use super::administrators::{MAY_ADMINISTER, with_administrators};
use super::record::{email_key, fold};
use super::{SqliteStore, access};
use crate::{
    AccessPath, AccountFields, Administrator, Conflict, Correlated, Decision, Filter, Leaver, Owner, People, Person, PersonId,
    Result, Unlinked,
};
use read::{read, select};

/// The key of an account: what its mapping made; where no mapping has touched it, its e-mail address. Of `row` and `account`.
pub(super) const KEY: &str = "NULLIF(CASE WHEN account.id IS NULL THEN row.email_key ELSE account.sync_key END, '')";

/// Joins what the mapping made to a user's `row`.
pub(super) const WITH_ACCOUNT: &str = " LEFT JOIN accounts AS account ON account.tenant = row.tenant AND account.connection = row.connection AND account.id = row.id ";

/// Joins a user's `row` to its `link`.
pub(super) const OF_LINK: &str =
    " CROSS JOIN users AS row ON row.tenant = link.tenant AND row.connection = link.connection AND row.id = link.id ";

/// That the account of `row` could be used by somebody.
pub(super) const USABLE: &str = "row.gone_at IS NULL AND COALESCE(row.status, 'active') NOT IN ('inactive', 'suspended')";

/// When the account of `row` ended, as far as the store saw it. Null: it hasn't, or it is out of scope and nobody knows.
pub(super) const ENDED_AT: &str = "CASE WHEN row.gone_at = row.left_out_at THEN NULL
    WHEN row.status IN ('inactive', 'suspended') THEN COALESCE(row.ended_at, row.first_seen_at) ELSE row.gone_at END";

#[async_trait]
impl People for SqliteStore {
    async fn correlate(&self, tenant: &TenantId, connection: &ConnectionId, now: Timestamp) -> Result<Correlated> {
        let mut transaction = self.begin().await?;
        let done = correlate::correlate(&mut transaction, tenant, connection, now).await?;
        transaction.commit().await?;
        Ok(done)
    }

    async fn people(&self, tenant: &TenantId, filter: &Filter, minimum: u32) -> Result<Vec<Person>> {
        let mut database = self.readers.begin().await?;
        people(&mut database, tenant, filter, minimum).await
    }

    async fn person(&self, tenant: &TenantId, id: PersonId) -> Result<Option<Person>> {
        let mut database = self.readers.begin().await?;
        Ok(by_number(&mut database, tenant, &[id]).await?.into_iter().next())
    }

    async fn persons_called(&self, tenant: &TenantId, key: &str) -> Result<Vec<PersonId>> {
        let mut database = self.readers.begin().await?;
        called(&mut database, tenant, &email_key(key), 100).await
    }

    async fn access_of(&self, tenant: &TenantId, person: PersonId) -> Result<Vec<AccessPath>> {
        access::access_of(self, tenant, person).await
    }

    async fn account_fields(&self, tenant: &TenantId, filter: &Filter) -> Result<Vec<AccountFields>> {
        fields::account_fields(self, tenant, filter).await
    }

    async fn unlinked(&self, tenant: &TenantId, filter: &Filter) -> Result<Vec<Unlinked>> {
        conflicts::unlinked(self, tenant, filter).await
    }

    async fn unclaimed(&self, tenant: &TenantId, person: PersonId) -> Result<Vec<Unlinked>> {
        let mut database = self.readers.acquire().await?;
        unclaimed::unclaimed(&mut database, tenant, Keys::Of(person)).await
    }

    async fn conflicts(&self, tenant: &TenantId, filter: &Filter) -> Result<Vec<Conflict>> {
        conflicts::conflicts(self, tenant, filter).await
    }

    async fn link(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        account: &str,
        to: Owner,
        decision: &Decision,
    ) -> Result<PersonId> {
        hand::link(self, tenant, connection, account, to, decision).await
    }

    async fn unlink(
        &self,
        tenant: &TenantId,
        connection: &ConnectionId,
        account: &str,
        decision: &Decision,
    ) -> Result<Option<PersonId>> {
        hand::unlink(self, tenant, connection, account, decision).await
    }

    async fn decided_accounts(&self, tenant: &TenantId, connection: &ConnectionId) -> Result<u64> {
        let mut database = self.readers.acquire().await?;
        hand::decided(&mut database, tenant, connection).await
    }

    async fn merge(&self, tenant: &TenantId, person: PersonId, other: PersonId, decision: &Decision) -> Result<u64> {
        hand::merge(self, tenant, person, other, decision).await
    }

    async fn set_directory(&self, tenant: &TenantId, connection: Option<&ConnectionId>, now: Timestamp) -> Result<()> {
        leavers::set_directory(self, tenant, connection, now).await
    }

    async fn directory(&self, tenant: &TenantId) -> Result<Option<ConnectionId>> {
        let mut database = self.readers.acquire().await?;
        leavers::directory(&mut database, tenant).await
    }

    async fn leavers(&self, tenant: &TenantId, filter: &Filter) -> Result<Vec<Leaver>> {
        leavers::leavers(self, tenant, filter).await
    }

    async fn administrators(&self, tenant: &TenantId, filter: &Filter) -> Result<Vec<Administrator>> {
        administer::administrators(self, tenant, filter).await
    }
}

async fn people(database: &mut SqliteConnection, tenant: &TenantId, filter: &Filter, minimum: u32) -> Result<Vec<Person>> {
    let present = if filter.gone { "" } else { " AND row.gone_at IS NULL" };
    let mut query = with_administrators(tenant);
    select(&mut query, tenant);
    query.push(present);
    // A person meets a condition where any of the accounts does.
    query.push(" AND link.person IN (SELECT person.id FROM persons AS person CROSS JOIN links AS link");
    query.push(" ON link.tenant = person.tenant AND link.person = person.id").push(OF_LINK).push(" WHERE person.tenant = ");
    query.push_bind(tenant.as_str().to_owned()).push(present);
    after(&mut query, filter);
    query.push(" GROUP BY person.key, person.id HAVING count(DISTINCT row.connection) >= ").push_bind(i64::from(minimum));
    if let Some(text) = &filter.text {
        query.push(" AND max(instr(row.folded, ").push_bind(fold(text)).push(")) > 0");
    }
    if let Some(connection) = &filter.connection {
        query.push(" AND max(row.connection = ").push_bind(connection.as_str().to_owned()).push(")");
    }
    if let Some(status) = &filter.status {
        query.push(" AND max(COALESCE(row.status, 'active') = ").push_bind(status.clone()).push(")");
    }
    if filter.administrators {
        query.push(" AND max(COALESCE(").push(MAY_ADMINISTER).push(", 0))");
    }
    query.push(" ORDER BY person.key, person.id LIMIT ").push_bind(i64::from(filter.limit)).push(")");
    read(database, query).await
}

/// Only those after `filter.after`, which is (number, key).
fn after(query: &mut QueryBuilder<Sqlite>, filter: &Filter) {
    if let Some((number, key)) = &filter.after {
        let number = number.parse::<PersonId>().map_or(i64::MAX, |person| person.0);
        query.push(" AND (person.key, person.id) > (").push_bind(key.clone()).push(", ").push_bind(number).push(")");
    }
}

/// These persons with all their accounts, in the order of lists.
async fn by_number(database: &mut SqliteConnection, tenant: &TenantId, ids: &[PersonId]) -> Result<Vec<Person>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = with_administrators(tenant);
    select(&mut query, tenant);
    query.push(" AND link.person IN (");
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(id.0);
    }
    query.push(")");
    read(database, query).await
}

/// The index has to be named: SQLite takes the one of persons for as good, and goes through all of the tenant's links.
const CALLED: &str = "SELECT person FROM links INDEXED BY links_by_key WHERE tenant = $1 AND key = $2 AND person IS NOT NULL
         UNION SELECT link.person FROM users CROSS JOIN links AS link ON link.tenant = users.tenant
            AND link.connection = users.connection AND link.id = users.id AND link.person IS NOT NULL
            WHERE users.tenant = $1 AND users.email_key = $2
         UNION SELECT link.person FROM accounts CROSS JOIN links AS link ON link.tenant = accounts.tenant
            AND link.connection = accounts.connection AND link.id = accounts.id AND link.person IS NOT NULL
            WHERE accounts.tenant = $1 AND accounts.sync_key = $2
         ORDER BY 1 LIMIT $3";

/// Who answers to a key: linked under it, or with an account that has it now, as key or as e-mail address.
pub(super) async fn called(database: &mut SqliteConnection, tenant: &TenantId, key: &str, most: u32) -> Result<Vec<PersonId>> {
    let query = sqlx::query_scalar(CALLED).bind(tenant.as_str()).bind(key).bind(i64::from(most));
    let found: Vec<i64> = query.fetch_all(database).await?;
    Ok(found.into_iter().map(PersonId).collect())
}

#[cfg(test)]
pub(super) mod tests {
    use sqlx::{AssertSqlSafe, Row as _};

    use super::*;

    /// How SQLite goes about a question, in steps.
    pub(in super::super) async fn plan(sql: &str) -> Vec<String> {
        let store = SqliteStore::in_memory().await.unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {sql}");
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&store.readers).await.unwrap();
        rows.iter().map(|row| row.try_get("detail").unwrap()).collect()
    }

    /// That whatever is gone through of a table is found by what is asked, not by being the tenant's.
    pub(in super::super) fn finds(steps: &[String], tables: &[&str]) {
        for step in steps.iter().filter(|step| tables.iter().any(|table| step.contains(&format!(" {table} ")))) {
            assert!(step.starts_with("SEARCH") && step.contains("tenant=? AND") && !step.contains('>'), "{step}, of {steps:?}");
        }
    }

    #[tokio::test]
    async fn who_is_called_so_is_found_by_indexes() {
        finds(&plan(CALLED).await, &["links", "link", "users", "accounts"]);
    }
}
