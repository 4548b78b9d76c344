//! Linking accounts by their keys: in one transaction, key by key, so that memory doesn't grow with the number of accounts.

use std::collections::BTreeMap;

use headcount_model::{ConnectionId, TenantId, Timestamp};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _};

use super::super::values::{Values, placeholders, portions};
use super::directory::Directory;
use super::told::{self, Moved};
use super::{KEY, OF_LINK, WITH_ACCOUNT};
use crate::people::rule::{Fact, MOST, Verdict, judge};
use crate::{Correlated, Doubt, PersonId, Result, What};

/// Keys that are judged at once.
const KEYS: usize = 256;

pub(in crate::sqlite) async fn correlate(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    now: Timestamp,
) -> Result<Correlated> {
    let mut done = Correlated::default();
    if gather(database, tenant, connection).await? == 0 {
        return Ok(done);
    }
    let mut after = String::new();
    let mut directory = Directory::open(database, tenant).await?;
    loop {
        let keys = keys(database, tenant, &after).await?;
        let Some(last) = keys.last() else { break };
        after.clone_from(last);
        let verdicts = verdicts(database, tenant, &keys, &mut directory).await?;
        settle(database, tenant, verdicts, now, &mut done).await?;
    }
    sqlx::query("DELETE FROM correlating WHERE tenant = $1").bind(tenant.as_str()).execute(database).await?;
    Ok(done)
}

/// Collects the accounts that are nobody's yet, and those of the tenant that wait; says how many. Where a mapping makes keys, an account
/// that it has not come to yet is left for later: its address may not be its key, and links last.
async fn gather(database: &mut SqliteConnection, tenant: &TenantId, connection: &ConnectionId) -> Result<u64> {
    let new = format!(
        "INSERT INTO correlating (tenant, key, connection, id)
         SELECT row.tenant, {KEY}, row.connection, row.id FROM users AS row
         LEFT JOIN links AS link ON link.tenant = row.tenant AND link.connection = row.connection AND link.id = row.id
         {WITH_ACCOUNT}
         WHERE row.tenant = $1 AND row.connection = $2 AND row.gone_at IS NULL AND link.id IS NULL AND {KEY} IS NOT NULL
            AND (account.id IS NOT NULL OR NOT EXISTS (
                SELECT 1 FROM accounts AS mapped WHERE mapped.tenant = $1 AND mapped.connection = $2))"
    );
    let new = sqlx::query(AssertSqlSafe(new)).bind(tenant.as_str()).bind(connection.as_str()).execute(&mut *database).await?;
    let waiting = format!(
        "INSERT INTO correlating (tenant, key, connection, id)
         SELECT row.tenant, {KEY}, row.connection, row.id FROM links AS link {OF_LINK} {WITH_ACCOUNT}
         WHERE link.tenant = $1 AND link.person IS NULL AND link.how <> 'hand' AND row.gone_at IS NULL AND {KEY} IS NOT NULL"
    );
    let waiting = sqlx::query(AssertSqlSafe(waiting)).bind(tenant.as_str()).execute(database).await?;
    Ok(new.rows_affected() + waiting.rows_affected())
}

async fn keys(database: &mut SqliteConnection, tenant: &TenantId, after: &str) -> Result<Vec<String>> {
    Ok(sqlx::query_scalar("SELECT DISTINCT key FROM correlating WHERE tenant = $1 AND key > $2 ORDER BY key LIMIT $3")
        .bind(tenant.as_str())
        .bind(after)
        .bind(KEYS as i64)
        .fetch_all(database)
        .await?)
}

/// What is known of these keys, judged.
async fn verdicts(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    keys: &[String],
    directory: &mut Directory,
) -> Result<Vec<(String, Verdict)>> {
    let sql = facts(keys.len());
    let mut values = Values::with_capacity(keys.len() + 4);
    keys.iter().for_each(|key| values.add(key.as_str()));
    (0..4).for_each(|_| values.add(tenant.as_str()));
    let rows =
        sqlx::query_with(AssertSqlSafe(sql), values.finish()?).persistent(keys.len() == KEYS).fetch_all(&mut *database).await?;
    let mut facts: BTreeMap<&str, Vec<Fact<'_>>> = keys.iter().map(|key| (key.as_str(), Vec::new())).collect();
    for row in &rows {
        let key: &str = row.try_get(0)?;
        let person: Option<i64> = row.try_get(6)?;
        let fact = Fact {
            connection: row.try_get(2)?,
            person,
            under: person.is_some() && row.try_get::<Option<&str>, _>(7)? == Some(key),
            has: row.try_get(1)?,
            present: row.try_get(3)?,
            able: row.try_get(4)?,
            first_seen_at: row.try_get(5)?,
            of_directory: directory.is(row.try_get(2)?),
            appeared: row.try_get(8)?,
        };
        facts.entry(key).or_default().push(fact);
    }
    let persons = facts.values().flatten().filter_map(|fact| fact.person).collect();
    let standings = directory.standings(database, tenant, persons).await?;
    if !standings.is_empty() {
        for fact in facts.values_mut().flatten().filter(|fact| fact.person.is_none() && fact.appeared.is_none()) {
            fact.appeared = directory.appeared(database, tenant, fact.connection, fact.first_seen_at).await?;
        }
    }
    let judge = |facts: &[Fact<'_>]| judge(facts, |person| standings.get(&person).copied());
    Ok(facts.into_iter().map(|(key, facts)| (key.to_owned(), judge(&facts))).collect())
}

/// The question for what is known of so many keys. Few accounts of each: just enough to tell a crowd. One that is gone and nobody's
/// neither waits nor tells anything.
fn facts(keys: usize) -> String {
    // Those whose address or mapped key it is, those who are linked under it, and those who were until a person confirmed another.
    let columns = "row.connection, row.gone_at IS NULL AS present,
        COALESCE(row.status, 'active') NOT IN ('inactive', 'suspended'), row.first_seen_at, link.person AS person, link.key,
        row.created_at";
    let link = "LEFT JOIN links AS link ON link.tenant = row.tenant AND link.connection = row.connection AND link.id = row.id";
    format!(
        "WITH given (key) AS (VALUES {}),
         known AS (
            SELECT given.key AS key, 1 AS has, {columns} FROM given
                CROSS JOIN users AS row ON row.tenant = ? AND row.email_key = given.key {WITH_ACCOUNT} {link}
                WHERE account.id IS NULL AND (link.how IS NULL OR link.how <> 'hand' OR link.person IS NOT NULL)
            UNION ALL
            SELECT given.key, 1, {columns} FROM given
                CROSS JOIN accounts AS account ON account.tenant = ? AND account.sync_key = given.key
                CROSS JOIN users AS row ON row.tenant = account.tenant AND row.connection = account.connection
                    AND row.id = account.id {link}
                WHERE link.how IS NULL OR link.how <> 'hand' OR link.person IS NOT NULL
            UNION ALL
            SELECT given.key, 0, {columns} FROM given
                CROSS JOIN links AS link INDEXED BY links_by_key ON link.tenant = ? AND link.key = given.key AND link.person IS NOT NULL
                {OF_LINK} {WITH_ACCOUNT} WHERE {KEY} IS NOT given.key
            UNION ALL
            SELECT given.key, 0, {columns} FROM given
                CROSS JOIN former_keys AS former ON former.tenant = ? AND former.key = given.key
                CROSS JOIN links AS link ON link.tenant = former.tenant AND link.connection = former.connection
                    AND link.id = former.id AND link.person IS NOT NULL {OF_LINK})
         SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY key) AS place FROM known WHERE present OR person IS NOT NULL)
         WHERE place <= {} ORDER BY key",
        placeholders(keys, 1),
        MOST + 1,
    )
}

/// Writes down what was judged.
async fn settle(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    verdicts: Vec<(String, Verdict)>,
    now: Timestamp,
    done: &mut Correlated,
) -> Result<()> {
    let new: Vec<&str> = verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::New).map(|(key, _)| key.as_str()).collect();
    let mut number = make_persons(database, tenant, &new, now).await?;
    done.persons += new.len() as u64;
    let (mut linked, mut waiting) = (Vec::new(), Vec::new());
    for (key, verdict) in &verdicts {
        match verdict {
            Verdict::New => {
                linked.push((key.as_str(), number));
                number += 1;
            }
            Verdict::Link(person) => linked.push((key.as_str(), *person)),
            Verdict::Wait(doubt) => waiting.push((key.as_str(), *doubt)),
        }
    }
    for linked in linked.chunks(KEYS) {
        let moved = link(database, tenant, linked, now).await?;
        done.linked += moved.len() as u64;
        told::moved(database, tenant, moved, now).await?;
    }
    let (directory, person): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(_, doubt)| *doubt == Doubt::Unconfirmed);
    done.waiting += wait(database, tenant, &person, now).await?;
    wait(database, tenant, &directory, now).await?;
    Ok(())
}

/// Makes a person for each of these keys, and gives the number of the first; the others follow.
pub(super) async fn make_persons(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    keys: &[&str],
    now: Timestamp,
) -> Result<i64> {
    let count = i64::try_from(keys.len()).unwrap_or(i64::MAX);
    let last: i64 = sqlx::query_scalar(
        "INSERT INTO person_numbers (tenant, last) VALUES ($1, $2)
         ON CONFLICT (tenant) DO UPDATE SET last = last + excluded.last RETURNING last",
    )
    .bind(tenant.as_str())
    .bind(count)
    .fetch_all(&mut *database)
    .await?
    .into_iter()
    .next()
    .unwrap_or_default();
    let first = last - count + 1;
    let mut numbered = (first..).zip(keys);
    for portion in portions(keys.len()) {
        let mut values = Values::with_capacity(portion * 4);
        for (number, key) in numbered.by_ref().take(portion) {
            values.add(tenant.as_str());
            values.add(number);
            values.add(*key);
            values.add(now.micros());
        }
        let sql = format!("INSERT INTO persons (tenant, id, key, since) VALUES {}", placeholders(portion, 4));
        sqlx::query_with(AssertSqlSafe(sql), values.finish()?).execute(&mut *database).await?;
    }
    if !keys.is_empty() {
        let made = (first..).map(PersonId).zip(keys.iter().map(|key| (*key).to_owned()));
        told::persons(database, tenant, What::Created, made, now).await?;
    }
    Ok(first)
}

/// Gives the accounts of each key to a person.
async fn link(database: &mut SqliteConnection, tenant: &TenantId, decided: &[(&str, i64)], now: Timestamp) -> Result<Vec<Moved>> {
    if decided.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = Values::with_capacity(decided.len() * 2 + 2);
    for (key, person) in decided {
        values.add(*key);
        values.add(*person);
    }
    values.add(now.micros());
    values.add(tenant.as_str());
    let sql = format!(
        "WITH decided (key, person) AS (VALUES {})
         INSERT INTO links (tenant, connection, id, person, key, how, since)
         SELECT account.tenant, account.connection, account.id, decided.person, decided.key, 'key', ?
         FROM decided CROSS JOIN correlating AS account ON account.tenant = ? AND account.key = decided.key
         WHERE true
         ON CONFLICT (tenant, connection, id) DO UPDATE SET person = excluded.person, key = excluded.key, how = excluded.how,
            since = excluded.since
         WHERE links.person IS NULL
         RETURNING connection, id, key, person",
        placeholders(decided.len(), 2)
    );
    let rows = sqlx::query_with(AssertSqlSafe(sql), values.finish()?).persistent(false).fetch_all(database).await?;
    let read = |row: &SqliteRow| {
        let to = Some(PersonId(row.try_get(3)?));
        Ok(Moved { connection: row.try_get(0)?, account: row.try_get(1)?, key: row.try_get(2)?, from: None, to })
    };
    rows.iter().map(read).collect()
}

/// Lets the accounts of each key wait; says how many began to, or wait for another reason now.
async fn wait(database: &mut SqliteConnection, tenant: &TenantId, decided: &[(&str, Doubt)], now: Timestamp) -> Result<u64> {
    let (mut written, mut left) = (0, decided.iter());
    for portion in portions(decided.len()) {
        let mut values = Values::with_capacity(portion * 2 + 2);
        for (key, doubt) in left.by_ref().take(portion) {
            values.add(*key);
            values.add(doubt.as_str());
        }
        values.add(now.micros());
        values.add(tenant.as_str());
        // What waits as it waited before is not written again.
        let sql = format!(
            "WITH decided (key, how) AS (VALUES {})
             INSERT INTO links (tenant, connection, id, person, key, how, since)
             SELECT account.tenant, account.connection, account.id, NULL, decided.key, decided.how, ?
             FROM decided CROSS JOIN correlating AS account ON account.tenant = ? AND account.key = decided.key
             WHERE true
             ON CONFLICT (tenant, connection, id) DO UPDATE SET key = excluded.key, how = excluded.how, since = excluded.since
             WHERE links.person IS NULL AND (links.how <> excluded.how OR links.key IS NOT excluded.key)",
            placeholders(portion, 2)
        );
        let done = sqlx::query_with(AssertSqlSafe(sql), values.finish()?).execute(&mut *database).await?;
        written += done.rows_affected();
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{finds, plan};

    #[tokio::test]
    async fn what_is_known_of_a_key_is_found_by_indexes() {
        finds(&plan(&super::facts(2)).await, &["row", "link", "account", "former"]);
    }
}
