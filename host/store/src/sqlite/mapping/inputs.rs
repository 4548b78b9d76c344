//! Accounts with everything that they hold: what mappings read.

use std::collections::{BTreeSet, HashMap, HashSet};

use headcount_model::{AccountInputs, Application, Asset, ConnectionId, Grant, Group, License, Role, TenantId, User};
use sqlx::sqlite::SqliteConnection;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::super::grant::PlacedGrant;
use super::super::list::rows_within;
use super::super::record::Stored;
use super::super::values::MOST;
use super::accounts::{find, push_ids};
use crate::{Filter, MOST_HELD, Result, Row, StoredInputs, StoredRecord, WhichAccounts};

/// The most accounts that are read at once: what they hold is in memory with them.
const PORTION: u32 = 128;
/// The most bytes of them, and as many of what they hold.
const ROOM: u64 = 16 << 20;

pub(in crate::sqlite) async fn account_inputs(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    which: &WhichAccounts,
) -> Result<Vec<StoredInputs>> {
    let mut reader = Reader { database, tenant, connection };
    let only = which.only.as_ref().map(|only| only.get(..MOST).unwrap_or(only).to_vec());
    let filter = Filter {
        after: which.after.as_ref().map(|id| (connection.as_str().to_owned(), id.clone())),
        limit: which.limit.min(PORTION),
        ..reader.all()
    };
    let users = rows_within::<User>(
        reader.database,
        tenant,
        &filter,
        |query| {
            if let Some(only) = only {
                push_ids(query.push(" AND row.id IN "), &only);
            }
        },
        ROOM,
    );
    let mut users: Vec<(User, Row)> = users
        .await?
        .rows
        .into_iter()
        .filter_map(|(row, _)| match &row.record {
            StoredRecord::User(user) => Some((user.clone(), row)),
            _ => None,
        })
        .collect();
    let ids: Vec<String> = users.iter().map(|(user, _)| user.id.clone()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut too_many = reader.too_many(&ids).await?;
    let Held { mut licenses, mut groups, mut roles, mut applications, mut assets, accounts } =
        reader.held_within(&ids, &mut too_many).await?;
    // Those whose turn it is not yet.
    users.truncate(accounts);
    let ids = ids.get(..accounts).unwrap_or(&ids);
    let mut answers = reader.answers(ids).await?;
    let mut mapped = find(reader.database, tenant, connection, ids).await?;
    let accounts = users.into_iter().map(|(user, row)| {
        let id = user.id.clone();
        let inputs = AccountInputs {
            licenses: licenses.remove(&id).unwrap_or_default(),
            groups: groups.remove(&id).unwrap_or_default(),
            roles: roles.remove(&id).unwrap_or_default(),
            applications: applications.remove(&id).unwrap_or_default(),
            assets: assets.remove(&id).unwrap_or_default(),
            answers: answers.remove(&id).unwrap_or_default().into_iter().collect(),
            seen_at: Some(row.last_seen_in_sync_at),
            too_many: too_many.contains(&id),
            user,
        };
        StoredInputs { inputs, mapped: mapped.remove(&id) }
    });
    Ok(accounts.collect())
}

/// What accounts hold of one kind, by account.
type ByHolder<R> = HashMap<String, Vec<(R, Grant)>>;

/// What the first so many accounts hold.
#[derive(Default)]
struct Held {
    licenses: ByHolder<License>,
    groups: ByHolder<Group>,
    roles: ByHolder<Role>,
    applications: ByHolder<Application>,
    assets: ByHolder<Asset>,
    accounts: usize,
}

struct Reader<'a> {
    database: &'a mut SqliteConnection,
    tenant: &'a TenantId,
    connection: &'a ConnectionId,
}

impl Reader<'_> {
    fn all(&self) -> Filter {
        Filter { connection: Some(self.connection.clone()), limit: u32::MAX, ..Filter::default() }
    }

    fn query(&self, start: &str) -> QueryBuilder<Sqlite> {
        let mut query = QueryBuilder::new(start);
        query.push(" WHERE tenant = ").push_bind(self.tenant.as_str().to_owned());
        query.push(" AND connection = ").push_bind(self.connection.as_str().to_owned());
        query
    }

    /// Those that hold more of one kind than expressions may go over.
    async fn too_many(&mut self, ids: &[String]) -> Result<HashSet<String>> {
        let mut query = self.query("SELECT DISTINCT principal_id FROM grants");
        push_ids(query.push(" AND gone_at IS NULL AND principal_kind = 'user' AND principal_id IN "), ids);
        query.push(" GROUP BY principal_id, target_kind HAVING count(*) > ").push_bind(i64::from(MOST_HELD));
        query.build().fetch_all(&mut *self.database).await?.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// What the first of these accounts hold: of as many as there is room for. One that alone holds more joins `too_many`.
    async fn held_within(&mut self, ids: &[String], too_many: &mut HashSet<String>) -> Result<Held> {
        let mut accounts = ids.len();
        loop {
            let of = ids.get(..accounts).unwrap_or(ids);
            let within: Vec<String> = of.iter().filter(|id| !too_many.contains(*id)).cloned().collect();
            if let Some(held) = self.all_held(&within).await? {
                return Ok(Held { accounts, ..held });
            }
            match of {
                [only] => {
                    too_many.insert(only.clone());
                }
                _ => accounts = accounts.div_ceil(2),
            }
        }
    }

    /// What these accounts hold; nothing where that is too much to be in memory at once.
    async fn all_held(&mut self, ids: &[String]) -> Result<Option<Held>> {
        let mut room = ROOM;
        let Some(grants) = self.grants(ids, &mut room).await? else { return Ok(None) };
        let held = Held {
            licenses: self.held(&grants, &mut room).await?,
            groups: self.held(&grants, &mut room).await?,
            roles: self.held(&grants, &mut room).await?,
            applications: self.held(&grants, &mut room).await?,
            assets: self.held(&grants, &mut room).await?,
            accounts: ids.len(),
        };
        Ok((room > 0).then_some(held))
    }

    async fn grants(&mut self, ids: &[String], room: &mut u64) -> Result<Option<Vec<Grant>>> {
        if ids.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let all = self.all();
        let found = rows_within::<PlacedGrant>(
            self.database,
            self.tenant,
            &all,
            |query| push_ids(query.push(" AND row.principal_kind = 'user' AND row.principal_id IN "), ids),
            *room,
        );
        let found = found.await?;
        *room = room.saturating_sub(found.rows.iter().map(|(_, weight)| weight).sum());
        let grants = found.rows.into_iter().filter_map(|(row, _)| match row.record {
            StoredRecord::Grant(grant) => Some(grant),
            _ => None,
        });
        Ok((found.whole && *room > 0).then(|| grants.collect()))
    }

    /// What is held of one kind, by who holds it; what is gone is not held. Where the room is used up, it is not all.
    async fn held<R: Stored + Clone + FromAnswer>(&mut self, grants: &[Grant], room: &mut u64) -> Result<ByHolder<R>> {
        let of_kind = || grants.iter().filter(|grant| grant.target.kind == R::KIND);
        let ids: BTreeSet<&str> = of_kind().map(|grant| grant.target.id.as_str()).collect();
        let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        let all = self.all();
        let mut records: HashMap<String, (R, u64)> = HashMap::new();
        for ids in ids.chunks(MOST) {
            let further = |query: &mut QueryBuilder<Sqlite>| push_ids(query.push(" AND row.id IN "), ids);
            let found = rows_within::<R>(self.database, self.tenant, &all, further, *room).await?;
            *room = if found.whole { room.saturating_sub(found.rows.iter().map(|(_, weight)| weight).sum()) } else { 0 };
            let read = |(row, weight): (Row, u64)| Some((row.key, (R::from_answer(row.record)?, weight)));
            records.extend(found.rows.into_iter().filter_map(read));
        }
        let mut held: ByHolder<R> = HashMap::new();
        for grant in of_kind() {
            if *room == 0 {
                break;
            }
            if let Some((record, weight)) = records.get(&grant.target.id) {
                *room = room.saturating_sub(*weight);
                held.entry(grant.principal.id.clone()).or_default().push((record.clone(), grant.clone()));
            }
        }
        Ok(held)
    }

    async fn answers(&mut self, ids: &[String]) -> Result<HashMap<String, Vec<(String, String)>>> {
        // What an action has touched since may be otherwise by now.
        let mut query = self.query("SELECT id, action, answer FROM action_answers");
        push_ids(query.push(" AND stale = 0 AND id IN "), ids);
        let mut answers: HashMap<String, Vec<(String, String)>> = HashMap::new();
        for row in query.build().fetch_all(&mut *self.database).await? {
            answers.entry(row.try_get(0)?).or_default().push((row.try_get(1)?, row.try_get(2)?));
        }
        Ok(answers)
    }
}

/// A record of one kind, out of an answer.
trait FromAnswer: Sized {
    fn from_answer(record: StoredRecord) -> Option<Self>;
}

macro_rules! from_answer {
    ($($record:ident),+) => { $(
        impl FromAnswer for $record {
            fn from_answer(record: StoredRecord) -> Option<Self> {
                match record {
                    StoredRecord::$record(record) => Some(record),
                    _ => None,
                }
            }
        }
    )+ };
}

from_answer!(License, Group, Role, Application, Asset);
