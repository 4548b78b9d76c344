//! Who reaches what: breadth first along the grants, so that the first way found is the shortest, and each group is entered once.

mod accounts;

use std::collections::{BTreeMap, BTreeSet};

use headcount_model::{ConnectionId, Kind, Reference, TenantId, Timestamp};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{AssertSqlSafe, Row as _};

use super::SqliteStore;
use super::field::read_kind;
use super::people::{Keys, called, unclaimed};
use super::record::{email_key, name_column, table};
use super::values::{MOST, Values, placeholders};
use crate::{AccessPath, Held, PersonId, Result};
use accounts::{Accounts, accounts_of};

/// Groups within groups are followed so deep.
const DEPTH: usize = 32;

/// A group on the way.
#[derive(Clone)]
struct Step {
    id: String,
    name: String,
}

fn names(steps: Vec<Step>) -> Vec<String> {
    steps.into_iter().map(|step| step.name).collect()
}

// === what one reaches

pub(super) async fn access(store: &SqliteStore, tenant: &TenantId, email: &str) -> Result<Vec<AccessPath>> {
    // One transaction, so that all steps see the same state.
    let mut database = store.readers.begin().await?;
    let key = email_key(email);
    let mut accounts = Accounts::new();
    for person in called(&mut database, tenant, &key, MOST as u32).await? {
        accounts.extend(accounts_of(&mut database, tenant, person).await?);
    }
    reached_by(&mut database, tenant, accounts, Keys::One(&key)).await
}

pub(super) async fn access_of(store: &SqliteStore, tenant: &TenantId, person: PersonId) -> Result<Vec<AccessPath>> {
    let mut database = store.readers.begin().await?;
    let accounts = accounts_of(&mut database, tenant, person).await?;
    reached_by(&mut database, tenant, accounts, Keys::Of(person)).await
}

/// What these accounts reach, and those that are nobody's and have one of the keys.
async fn reached_by(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    accounts: Accounts,
    keys: Keys<'_>,
) -> Result<Vec<AccessPath>> {
    let mut all = Vec::new();
    for (connection, account) in accounts {
        all.extend(reached(database, tenant, connection, account).await?);
    }
    for one in unclaimed(database, tenant, keys).await? {
        let paths = reached(database, tenant, one.connection, one.account).await?;
        all.extend(paths.into_iter().map(|path| AccessPath { unlinked: true, ..path }));
    }
    Ok(all)
}

async fn reached(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: ConnectionId,
    account: String,
) -> Result<Vec<AccessPath>> {
    let mut paths: BTreeMap<(Reference, Option<String>), AccessPath> = BTreeMap::new();
    let mut entered: BTreeSet<String> = BTreeSet::new();
    let mut kind = Kind::User;
    let mut level: BTreeMap<String, Vec<Step>> = BTreeMap::from([(account.clone(), Vec::new())]);
    for _ in 0..=DEPTH {
        let mut next = BTreeMap::new();
        for row in held(database, tenant, &connection, kind, &level).await? {
            let principal: &str = row.try_get(0)?;
            let steps = level.get(principal).cloned().unwrap_or_default();
            let target = Reference { kind: read_kind(&row, 1)?, id: row.try_get(2)? };
            let target_name: Option<String> = row.try_get(3)?;
            if target.kind == Kind::Group && entered.insert(target.id.clone()) {
                let name = target_name.clone().unwrap_or_else(|| target.id.clone());
                let step = Step { id: target.id.clone(), name };
                next.insert(target.id.clone(), steps.iter().cloned().chain([step]).collect());
            }
            let through = names(match via(&row, 6)? {
                Some(via) if steps.last().is_none_or(|last| last.id != via.id) => steps.into_iter().chain([via]).collect(),
                _ => steps,
            });
            let key = (target.clone(), row.try_get::<Option<String>, _>(4)?);
            if paths.get(&key).is_none_or(|known| known.through.len() > through.len()) {
                let path = AccessPath {
                    connection: connection.clone(),
                    account: account.clone(),
                    unlinked: false,
                    target,
                    target_name,
                    role: row.try_get(5)?,
                    through,
                    assigned_at: row.try_get::<Option<i64>, _>(8)?.map(Timestamp::from_micros),
                    first_seen_at: Timestamp::from_micros(row.try_get(9)?),
                };
                paths.insert(key, path);
            }
        }
        if next.is_empty() {
            break;
        }
        (kind, level) = (Kind::Group, next);
    }
    Ok(paths.into_values().collect())
}

/// The group that the vendor says a grant came through, in two columns: its id and its name.
fn via(row: &SqliteRow, at: usize) -> Result<Option<Step>> {
    let Some(id) = row.try_get::<Option<String>, _>(at)? else { return Ok(None) };
    let name = row.try_get::<Option<String>, _>(at + 1)?.unwrap_or_else(|| id.clone());
    Ok(Some(Step { id, name }))
}

/// The present grants of these principals.
async fn held(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    kind: Kind,
    principals: &BTreeMap<String, Vec<Step>>,
) -> Result<Vec<SqliteRow>> {
    let mut all = Vec::new();
    let ids: Vec<&String> = principals.keys().collect();
    for ids in ids.chunks(MOST) {
        let mut values = Values::with_capacity(ids.len() + 3);
        ids.iter().for_each(|id| values.add(id.as_str()));
        values.add(tenant.as_str());
        values.add(connection.as_str());
        values.add(kind.as_str());
        let sql = format!(
            "WITH given (id) AS (VALUES {})
             SELECT held.principal_id, held.target_kind, held.target_id, {}, held.role, COALESCE(role.name, held.role),
                held.via_id, {}, held.assigned_at, held.first_seen_at
             FROM given CROSS JOIN grants AS held ON held.tenant = ? AND held.connection = ? AND held.principal_id = given.id
                AND held.principal_kind = ? AND held.gone_at IS NULL
             LEFT JOIN roles AS role ON role.tenant = held.tenant AND role.connection = held.connection AND role.id = held.role
             ORDER BY held.id",
            placeholders(ids.len(), 1),
            name_of("target"),
            name_of("via"),
        );
        all.extend(sqlx::query_with(AssertSqlSafe(sql), values.finish()?).persistent(false).fetch_all(&mut *database).await?);
    }
    Ok(all)
}

/// An expression: the name of one end of the grant `held`.
fn name_of(end: &str) -> String {
    let cases: Vec<String> = Kind::ALL
        .into_iter()
        .filter(|kind| *kind != Kind::Grant)
        .map(|kind| {
            format!(
                "WHEN '{kind}' THEN (SELECT {} FROM {} AS named WHERE named.tenant = held.tenant
                    AND named.connection = held.connection AND named.id = held.{end}_id)",
                name_column(kind),
                table(kind),
            )
        })
        .collect();
    format!("CASE held.{end}_kind {} END", cases.join(" "))
}

// === who reaches one

pub(super) async fn holders(
    store: &SqliteStore,
    tenant: &TenantId,
    connection: &ConnectionId,
    kind: Kind,
    id: &str,
) -> Result<Vec<Held>> {
    let mut database = store.readers.begin().await?;
    held_by(&mut database, tenant, connection, kind, id).await
}

/// Who reaches a record, in a transaction that is open already.
pub(super) async fn held_by(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    kind: Kind,
    id: &str,
) -> Result<Vec<Held>> {
    let mut found: BTreeMap<String, Held> = BTreeMap::new();
    let mut entered: BTreeSet<String> = BTreeSet::new();
    let mut kind = kind;
    if kind == Kind::Group {
        entered.insert(id.to_owned());
    }
    let mut level: BTreeMap<String, Vec<Step>> = BTreeMap::from([(id.to_owned(), Vec::new())]);
    for _ in 0..=DEPTH {
        let mut next = BTreeMap::new();
        for row in holding(&mut *database, tenant, connection, kind, &level).await? {
            let target: &str = row.try_get(0)?;
            let steps = level.get(target).cloned().unwrap_or_default();
            let steps: Vec<Step> = match via(&row, 5)? {
                Some(via) if steps.first().is_none_or(|first| first.id != via.id) => [via].into_iter().chain(steps).collect(),
                _ => steps,
            };
            let (principal, name): (String, Option<String>) = (row.try_get(2)?, row.try_get(3)?);
            match read_kind(&row, 1)? {
                Kind::Group => {
                    if entered.insert(principal.clone()) {
                        let step = Step { id: principal.clone(), name: name.unwrap_or_else(|| principal.clone()) };
                        next.insert(principal, [step].into_iter().chain(steps).collect());
                    }
                }
                _ => {
                    if found.get(&principal).is_none_or(|known| known.through.len() > steps.len()) {
                        let held = Held {
                            user: principal.clone(),
                            person: row.try_get::<Option<i64>, _>(7)?.map(PersonId),
                            email: row.try_get(4)?,
                            name,
                            through: names(steps),
                        };
                        found.insert(principal, held);
                    }
                }
            }
        }
        if next.is_empty() {
            break;
        }
        (kind, level) = (Kind::Group, next);
    }
    let mut all: Vec<Held> = found.into_values().collect();
    all.sort_by(|a, b| (a.email.is_none(), &a.email, &a.user).cmp(&(b.email.is_none(), &b.email, &b.user)));
    Ok(all)
}

/// The present grants of these targets; of a role, also those that give it on something else.
async fn holding(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    connection: &ConnectionId,
    kind: Kind,
    targets: &BTreeMap<String, Vec<Step>>,
) -> Result<Vec<SqliteRow>> {
    let mut all = Vec::new();
    let ids: Vec<&String> = targets.keys().collect();
    let by_role = if kind == Kind::Role { Some("held.role = given.id") } else { None };
    for condition in ["held.target_id = given.id"].into_iter().chain(by_role) {
        for ids in ids.chunks(MOST) {
            let mut values = Values::with_capacity(ids.len() + 3);
            ids.iter().for_each(|id| values.add(id.as_str()));
            values.add(tenant.as_str());
            values.add(connection.as_str());
            let of_kind = if by_role.is_some_and(|by_role| by_role == condition) {
                ""
            } else {
                values.add(kind.as_str());
                "AND held.target_kind = ?"
            };
            let sql = format!(
                "WITH given (id) AS (VALUES {})
                 SELECT given.id, held.principal_kind, held.principal_id, COALESCE(users.display_name, groups.name), users.email,
                    held.via_id, {}, links.person
                 FROM given CROSS JOIN grants AS held ON held.tenant = ? AND held.connection = ? AND {condition} {of_kind}
                    AND held.gone_at IS NULL
                 LEFT JOIN links ON held.principal_kind = 'user' AND links.tenant = held.tenant
                    AND links.connection = held.connection AND links.id = held.principal_id
                 LEFT JOIN users ON held.principal_kind = 'user' AND users.tenant = held.tenant
                    AND users.connection = held.connection AND users.id = held.principal_id
                 LEFT JOIN groups ON held.principal_kind = 'group' AND groups.tenant = held.tenant
                    AND groups.connection = held.connection AND groups.id = held.principal_id
                 ORDER BY held.id",
                placeholders(ids.len(), 1),
                name_of("via"),
            );
            all.extend(sqlx::query_with(AssertSqlSafe(sql), values.finish()?).persistent(false).fetch_all(&mut *database).await?);
        }
    }
    Ok(all)
}
