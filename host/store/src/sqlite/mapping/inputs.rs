//! Accounts with everything that they hold: what mappings read.

use std::collections::{BTreeSet, HashMap, HashSet};

use headcount_model::{AccountInputs, Application, Asset, ConnectionId, Grant, Group, License, Role, TenantId, User};
use sqlx::{QueryBuilder, Row as _, Sqlite};

use super::super::SqliteStore;
use super::super::grant::PlacedGrant;
use super::super::list::rows;
use super::super::record::Stored;
use super::super::values::MOST;
use super::accounts::{find, push_ids};
use crate::{Filter, MOST_HELD, Result, Row, StoredInputs, StoredRecord, WhichAccounts};

/// The most accounts that are read at once: what they hold is in memory with them.
const PORTION: u32 = 128;

pub(super) async fn account_inputs(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    which: &WhichAccounts,
) -> Result<Vec<StoredInputs>> {
    let reader = Reader { store, tenant, connection };
    let only = which.only.as_ref().map(|only| only.get(..MOST).unwrap_or(only).to_vec());
    let filter = Filter {
        after: which.after.as_ref().map(|id| (connection.as_str().to_owned(), id.clone())),
        limit: which.limit.min(PORTION),
        ..reader.all()
    };
    let users = rows::<User>(store, tenant, &filter, |query| {
        if let Some(only) = only {
            push_ids(query.push(" AND row.id IN "), &only);
        }
    });
    let users: Vec<(User, Row)> = users
        .await?
        .into_iter()
        .filter_map(|row| match &row.record {
            StoredRecord::User(user) => Some((user.clone(), row)),
            _ => None,
        })
        .collect();
    let ids: Vec<String> = users.iter().map(|(user, _)| user.id.clone()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let too_many = reader.too_many(&ids).await?;
    let within: Vec<String> = ids.iter().filter(|id| !too_many.contains(*id)).cloned().collect();
    let grants = reader.grants(&within).await?;
    let mut licenses = reader.held::<License>(&grants).await?;
    let mut groups = reader.held::<Group>(&grants).await?;
    let mut roles = reader.held::<Role>(&grants).await?;
    let mut applications = reader.held::<Application>(&grants).await?;
    let mut assets = reader.held::<Asset>(&grants).await?;
    let mut answers = reader.answers(&ids).await?;
    let mut mapped = find(store, tenant, connection, &ids).await?;
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

struct Reader<'a> {
    store: &'a SqliteStore,
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
    async fn too_many(&self, ids: &[String]) -> Result<HashSet<String>> {
        let mut query = self.query("SELECT DISTINCT principal_id FROM grants");
        push_ids(query.push(" AND gone_at IS NULL AND principal_kind = 'user' AND principal_id IN "), ids);
        query.push(" GROUP BY principal_id, target_kind HAVING count(*) > ").push_bind(i64::from(MOST_HELD));
        query.build().fetch_all(&self.store.readers).await?.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    async fn grants(&self, ids: &[String]) -> Result<Vec<Grant>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let all = self.all();
        let grants = rows::<PlacedGrant>(self.store, self.tenant, &all, |query| {
            push_ids(query.push(" AND row.principal_kind = 'user' AND row.principal_id IN "), ids);
        });
        let grants = grants.await?.into_iter().filter_map(|row| match row.record {
            StoredRecord::Grant(grant) => Some(grant),
            _ => None,
        });
        Ok(grants.collect())
    }

    /// What is held of one kind, by who holds it; what is gone is not held.
    async fn held<R: Stored + Clone + FromAnswer>(&self, grants: &[Grant]) -> Result<HashMap<String, Vec<(R, Grant)>>> {
        let of_kind = || grants.iter().filter(|grant| grant.target.kind == R::KIND);
        let ids: BTreeSet<&str> = of_kind().map(|grant| grant.target.id.as_str()).collect();
        let ids: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        let all = self.all();
        let mut records: HashMap<String, R> = HashMap::new();
        for ids in ids.chunks(MOST) {
            let found = rows::<R>(self.store, self.tenant, &all, |query| push_ids(query.push(" AND row.id IN "), ids));
            records.extend(found.await?.into_iter().filter_map(|row| Some((row.key, R::from_answer(row.record)?))));
        }
        let mut held: HashMap<String, Vec<(R, Grant)>> = HashMap::new();
        for grant in of_kind() {
            if let Some(record) = records.get(&grant.target.id) {
                held.entry(grant.principal.id.clone()).or_default().push((record.clone(), grant.clone()));
            }
        }
        Ok(held)
    }

    async fn answers(&self, ids: &[String]) -> Result<HashMap<String, Vec<(String, String)>>> {
        // What an action has touched since may be otherwise by now.
        let mut query = self.query("SELECT id, action, answer FROM action_answers");
        push_ids(query.push(" AND stale = 0 AND id IN "), ids);
        let mut answers: HashMap<String, Vec<(String, String)>> = HashMap::new();
        for row in query.build().fetch_all(&self.store.readers).await? {
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
