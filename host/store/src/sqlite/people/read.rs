//! Reading persons: the rows of their accounts, gathered.

use headcount_model::{TenantId, Timestamp};
use serde_json::{Map, Value};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::super::administrators::MAY_ADMINISTER;
use super::super::list::connection;
use super::super::sessions::from_json;
use super::{KEY, OF_LINK, WITH_ACCOUNT};
use crate::{Account, Link, LinkedBy, Person, PersonId, Result, StoreError};

/// Begins the question for persons' accounts: what follows narrows it.
pub(super) fn select(query: &mut QueryBuilder<Sqlite>, tenant: &TenantId) {
    query.push("SELECT person.id, person.key, person.since, row.connection, row.id, COALESCE(row.status, 'active'), COALESCE(");
    query.push(MAY_ADMINISTER).push(", 0), row.last_seen_at, row.gone_at, row.display_name, row.email_key, ").push(KEY);
    query.push(
        ", link.how, link.key, link.since, link.decided_by, link.reason, account.person_fields,
            directory.connection IS NOT NULL, COALESCE(row.gone_at = row.left_out_at, 0)
         FROM links AS link CROSS JOIN persons AS person ON person.tenant = link.tenant AND person.id = link.person",
    );
    query.push(OF_LINK).push(WITH_ACCOUNT);
    query.push(
        "LEFT JOIN directories AS directory ON directory.tenant = link.tenant AND directory.connection = link.connection
         WHERE link.tenant = ",
    );
    query.push_bind(tenant.as_str().to_owned());
}

pub(super) async fn read(database: &mut SqliteConnection, mut query: QueryBuilder<Sqlite>) -> Result<Vec<Person>> {
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
            let fields: Map<String, Value> = from_json(text, "a person's fields")?;
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
        out_of_scope: row.try_get::<i64, _>(19)? != 0,
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
