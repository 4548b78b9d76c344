//! People in SQLite: who they are. What is done about them is in the files beside.

mod administer;
mod conflicts;
mod correlate;
mod fields;
mod hand;
mod leavers;
mod told;

pub(super) use hand::forget_the_accountless;

use async_trait::async_trait;
use headcount_model::{ConnectionId, TenantId, Timestamp};
use serde_json::{Map, Value};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::administrators::{MAY_ADMINISTER, with_administrators};
use super::list::connection;
use super::record::{email_key, fold};
use super::{SqliteStore, access};
use crate::{
    AccessPath, Account, AccountFields, Administrator, Conflict, Correlated, Decision, Filter, Leaver, Link, LinkedBy, Owner,
    People, Person, PersonId, Result, StoreError, Unlinked,
};

/// The key of an account: what its mapping made; where no mapping has touched it, its e-mail address. Of `row` and `account`.
pub(super) const KEY: &str = "NULLIF(CASE WHEN account.id IS NULL THEN row.email_key ELSE account.sync_key END, '')";

/// Joins what the mapping made to a user's `row`.
pub(super) const WITH_ACCOUNT: &str = " LEFT JOIN accounts AS account ON account.tenant = row.tenant AND account.connection = row.connection AND account.id = row.id ";

/// Joins a user's `row` to its `link`.
pub(super) const OF_LINK: &str =
    " CROSS JOIN users AS row ON row.tenant = link.tenant AND row.connection = link.connection AND row.id = link.id ";

/// That the account of `row` could be used by somebody.
pub(super) const USABLE: &str = "row.gone_at IS NULL AND COALESCE(row.status, 'active') NOT IN ('inactive', 'suspended')";

#[async_trait]
impl People for SqliteStore {
    async fn correlate(&self, tenant: &TenantId, connection: &ConnectionId, now: Timestamp) -> Result<Correlated> {
        correlate::correlate(self, tenant, connection, now).await
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

/// Who answers to a key: linked under it, or with an account that has it now, as key or as e-mail address.
pub(super) async fn called(database: &mut SqliteConnection, tenant: &TenantId, key: &str, most: u32) -> Result<Vec<PersonId>> {
    let found: Vec<i64> = sqlx::query_scalar(
        "SELECT person FROM links WHERE tenant = $1 AND key = $2 AND person IS NOT NULL
         UNION SELECT link.person FROM users CROSS JOIN links AS link ON link.tenant = users.tenant
            AND link.connection = users.connection AND link.id = users.id AND link.person IS NOT NULL
            WHERE users.tenant = $1 AND users.email_key = $2
         UNION SELECT link.person FROM accounts CROSS JOIN links AS link ON link.tenant = accounts.tenant
            AND link.connection = accounts.connection AND link.id = accounts.id AND link.person IS NOT NULL
            WHERE accounts.tenant = $1 AND accounts.sync_key = $2
         ORDER BY 1 LIMIT $3",
    )
    .bind(tenant.as_str())
    .bind(key)
    .bind(i64::from(most))
    .fetch_all(database)
    .await?;
    Ok(found.into_iter().map(PersonId).collect())
}

/// Begins the question for persons' accounts: what follows narrows it.
fn select(query: &mut QueryBuilder<Sqlite>, tenant: &TenantId) {
    query.push("SELECT person.id, person.key, person.since, row.connection, row.id, COALESCE(row.status, 'active'), COALESCE(");
    query.push(MAY_ADMINISTER).push(", 0), row.last_seen_at, row.gone_at, row.display_name, row.email_key, ").push(KEY);
    query.push(
        ", link.how, link.key, link.since, link.decided_by, link.reason, account.person_fields,
            directory.connection IS NOT NULL
         FROM links AS link CROSS JOIN persons AS person ON person.tenant = link.tenant AND person.id = link.person",
    );
    query.push(OF_LINK).push(WITH_ACCOUNT);
    query.push(
        "LEFT JOIN directories AS directory ON directory.tenant = link.tenant AND directory.connection = link.connection
         WHERE link.tenant = ",
    );
    query.push_bind(tenant.as_str().to_owned());
}

async fn read(database: &mut SqliteConnection, mut query: QueryBuilder<Sqlite>) -> Result<Vec<Person>> {
    query.push(" ORDER BY person.key, person.id, row.connection, row.id");
    let mut people: Vec<Gathered> = Vec::new();
    for row in query.build().fetch_all(database).await? {
        let id = PersonId(row.try_get(0)?);
        if people.last().is_none_or(|last| last.person.id != id) {
            people.push(Gathered::new(id, &row)?);
        }
        if let Some(last) = people.last_mut() {
            last.take(&row)?;
        }
    }
    Ok(people.into_iter().map(Gathered::finish).collect())
}

/// A person whose accounts are being read.
struct Gathered {
    person: Person,
    /// What the directory's accounts say, which comes before what others say.
    directory: Said,
    others: Said,
}

/// What accounts say of their person.
#[derive(Default)]
struct Said {
    name: Option<String>,
    email: Option<String>,
    fields: Map<String, Value>,
}

impl Gathered {
    fn new(id: PersonId, row: &SqliteRow) -> Result<Self> {
        let person = Person {
            id,
            key: row.try_get(1)?,
            email: None,
            name: None,
            since: Timestamp::from_micros(row.try_get(2)?),
            fields: Map::new(),
            accounts: Vec::new(),
        };
        Ok(Gathered { person, directory: Said::default(), others: Said::default() })
    }

    fn take(&mut self, row: &SqliteRow) -> Result<()> {
        let said = if row.try_get::<bool, _>(18)? { &mut self.directory } else { &mut self.others };
        said.take(row)?;
        self.person.accounts.push(read_account(row)?);
        Ok(())
    }

    fn finish(self) -> Person {
        let Gathered { mut person, directory, others } = self;
        person.name = directory.name.or(others.name);
        person.email = directory.email.or(others.email);
        // The first that is given stays.
        person.fields = directory.fields;
        for (name, value) in others.fields {
            person.fields.entry(name).or_insert(value);
        }
        person
    }
}

impl Said {
    fn take(&mut self, row: &SqliteRow) -> Result<()> {
        let name: Option<String> = row.try_get(9)?;
        let length = |name: &Option<String>| name.as_ref().map_or(0, |name| name.chars().count());
        if length(&name) > length(&self.name) {
            self.name = name;
        }
        if self.email.is_none() {
            self.email = row.try_get::<Option<String>, _>(10)?.filter(|email| !email.is_empty());
        }
        if let Some(text) = row.try_get::<Option<&str>, _>(17)?.filter(|text| !text.is_empty()) {
            let fields: Map<String, Value> = super::sessions::from_json(text, "a person's fields")?;
            for (name, value) in fields {
                self.fields.entry(name).or_insert(value);
            }
        }
        Ok(())
    }
}

fn read_account(row: &SqliteRow) -> Result<Account> {
    let time = |at: usize| row.try_get::<Option<i64>, _>(at).map(|time| time.map(Timestamp::from_micros));
    Ok(Account {
        connection: connection(row, 3)?,
        id: row.try_get(4)?,
        status: row.try_get(5)?,
        administrator: row.try_get::<i64, _>(6)? != 0,
        last_seen_at: time(7)?,
        gone_at: time(8)?,
        key: row.try_get(11)?,
        link: Link {
            how: how(row.try_get(12)?)?,
            key: row.try_get(13)?,
            since: Timestamp::from_micros(row.try_get(14)?),
            decided_by: row.try_get(15)?,
            reason: row.try_get(16)?,
        },
    })
}

fn how(word: &str) -> Result<LinkedBy> {
    match word {
        "key" => Ok(LinkedBy::Key),
        "hand" => Ok(LinkedBy::Hand),
        _ => Err(StoreError::Unreadable(format!("the way {word:?} of linking"))),
    }
}
