//! Writing changes: numbered from the tenant's last one on, within the transaction of what they tell.

use headcount_model::{SessionId, TenantId, Timestamp};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

use super::super::record::{Stored, name_column};
use super::super::values::{Values, placeholders, portions};
use crate::{Result, What};

const COLUMNS: &str = "tenant, number, at, connection, session, kind, id, what, name, fields";

/// The changes that one transaction makes. SQLite lets one transaction write at a time: numbers are given in the order of commits.
pub(crate) struct Log {
    tenant: String,
    connection: String,
    session: Option<i64>,
    at: i64,
    first: i64,
    next: i64,
}

/// One change about to be written.
pub(crate) struct Entry {
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    pub(crate) what: What,
    pub(crate) name: Option<String>,
    /// As JSON.
    pub(crate) fields: Option<String>,
}

impl Log {
    /// Begins behind the tenant's last change. An empty connection stands for none.
    pub(crate) async fn open(
        database: &mut SqliteConnection,
        tenant: &TenantId,
        connection: &str,
        session: Option<SessionId>,
        at: Timestamp,
    ) -> Result<Self> {
        let last: Option<i64> = sqlx::query_scalar("SELECT last FROM change_heads WHERE tenant = $1")
            .bind(tenant.as_str())
            .fetch_optional(database)
            .await?;
        let next = last.unwrap_or(0) + 1;
        Ok(Log {
            tenant: tenant.as_str().to_owned(),
            connection: connection.to_owned(),
            session: session.map(|session| session.0),
            at: at.micros(),
            first: next,
            next,
        })
    }

    /// Adds changes, in this order.
    pub(crate) async fn add(&mut self, database: &mut SqliteConnection, entries: Vec<Entry>) -> Result<()> {
        let mut entries = entries.into_iter();
        for portion in portions(entries.len()) {
            let mut values = Values::with_capacity(portion * 10);
            for entry in entries.by_ref().take(portion) {
                values.add(self.tenant.clone());
                values.add(self.next);
                values.add(self.at);
                values.add(self.connection.clone());
                values.add(self.session);
                values.add(entry.kind);
                values.add(entry.id);
                values.add(entry.what.as_str());
                values.add(entry.name);
                values.add(entry.fields);
                self.next += 1;
            }
            let sql = format!("INSERT INTO changes ({COLUMNS}) VALUES {}", placeholders(portion, 10));
            sqlx::query_with(AssertSqlSafe(sql), values.finish()?).execute(&mut *database).await?;
        }
        Ok(())
    }

    /// The row that a table's next record comes after.
    pub(crate) async fn mark<R: Stored>(database: &mut SqliteConnection) -> Result<i64> {
        let sql = format!("SELECT COALESCE(max(rowid), 0) FROM {}", R::TABLE);
        Ok(sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(database).await?)
    }

    /// Adds the creation of every record behind a [`mark`](Self::mark), in one statement: SQLite numbers new rows one after another.
    pub(crate) async fn created<R: Stored>(&mut self, database: &mut SqliteConnection, mark: i64) -> Result<()> {
        let name = if R::KIND == headcount_model::Kind::Grant { "NULL" } else { name_column(R::KIND) };
        let sql = format!(
            "INSERT INTO changes ({COLUMNS})
             SELECT tenant, $1 + rowid - $2, $3, connection, $4, '{}', id, 'created', {name}, NULL
             FROM {} WHERE rowid > $2 ORDER BY rowid",
            R::KIND.as_str(),
            R::TABLE,
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(self.next - 1)
            .bind(mark)
            .bind(self.at)
            .bind(self.session)
            .execute(&mut *database)
            .await?;
        self.next += Self::mark::<R>(database).await? - mark;
        Ok(())
    }

    /// Adds a change for every row of a query that gives ids and names: `SELECT id, name …`, with the tenant as `$1` and the connection as
    /// `$2`, and a number as `$3`. Says how many.
    pub(crate) async fn select(
        &mut self,
        database: &mut SqliteConnection,
        kind: &'static str,
        what: What,
        query: &str,
        third: i64,
    ) -> Result<u64> {
        let sql = format!(
            "INSERT INTO changes ({COLUMNS})
             WITH found (id, name) AS ({query})
             SELECT $1, $4 + row_number() OVER (), $5, $2, $6, '{kind}', found.id, '{}', found.name, NULL FROM found",
            what.as_str()
        );
        let done = sqlx::query(AssertSqlSafe(sql))
            .bind(&self.tenant)
            .bind(&self.connection)
            .bind(third)
            .bind(self.next - 1)
            .bind(self.at)
            .bind(self.session)
            .execute(database)
            .await?;
        self.next += i64::try_from(done.rows_affected()).unwrap_or(0);
        Ok(done.rows_affected())
    }

    /// Notes down which numbers were given; without a change, nothing is written.
    pub(crate) async fn close(self, database: &mut SqliteConnection) -> Result<()> {
        if self.next == self.first {
            return Ok(());
        }
        sqlx::query("INSERT INTO change_sets (tenant, first, last, at, connection, session) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(&self.tenant)
            .bind(self.first)
            .bind(self.next - 1)
            .bind(self.at)
            .bind(&self.connection)
            .bind(self.session)
            .execute(&mut *database)
            .await?;
        sqlx::query(
            "INSERT INTO change_heads (tenant, last, cut) VALUES ($1, $2, 0)
             ON CONFLICT (tenant) DO UPDATE SET last = excluded.last",
        )
        .bind(&self.tenant)
        .bind(self.next - 1)
        .execute(database)
        .await?;
        Ok(())
    }
}
