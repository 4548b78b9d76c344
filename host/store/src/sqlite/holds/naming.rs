//! Grants of a diff in words: whoever decides about them knows people and groups by name, not by the vendor's ids.

use std::collections::{BTreeMap, BTreeSet};

use headcount_model::{Kind, SessionId, TenantId};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Row as _};

use super::super::record::{name_column, table};
use super::super::values::{MOST, Values};
use crate::{DiffRow, How, Result};

/// What a grant's key says: who holds what, in which role, through what.
type Parts = (String, String, Option<String>, Option<String>);
/// A record as a grant's key refers to it.
type End = (Kind, String);

/// Names the grants among a session's rows by the names of what they connect, as far as the store knows those. Another organisation's
/// are left: what has such an id here is something else.
pub(super) async fn name_grants(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    session: SessionId,
    rows: &mut [DiffRow],
) -> Result<()> {
    let unnamed = |row: &&mut DiffRow| row.name.is_none() && row.held != Some(How::Foreign);
    let grants: Vec<(&mut DiffRow, Parts)> =
        rows.iter_mut().filter(unnamed).filter_map(|row| parts(row).map(|parts| (row, parts))).collect();
    let mut wanted: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
    for (_, (principal, target, _, via)) in &grants {
        for (kind, id) in [Some(principal), Some(target), via.as_ref()].into_iter().flatten().filter_map(|text| end(text)) {
            wanted.entry(kind).or_default().insert(id);
        }
    }
    let mut names = BTreeMap::new();
    for (kind, ids) in wanted {
        let ids: Vec<String> = ids.into_iter().collect();
        for ids in ids.chunks(MOST) {
            named(database, tenant, session, (kind, ids), &mut names).await?;
        }
    }
    for (row, parts) in grants {
        row.name = words(&parts, &names);
    }
    Ok(())
}

fn parts(row: &DiffRow) -> Option<Parts> {
    if row.kind == Kind::Grant.as_str() { serde_json::from_str(&row.id).ok() } else { None }
}

fn end(text: &str) -> Option<End> {
    let (kind, id) = text.split_once(':')?;
    Some((kind.parse().ok()?, id.to_owned()))
}

/// The question for what so many records of a kind are called: by their ids, in the connection of a session.
fn question(kind: Kind, ids: usize) -> String {
    format!(
        "SELECT id, {} FROM {} AS row WHERE tenant = ? AND connection = (SELECT connection FROM sessions WHERE id = ? AND tenant = ?)
            AND id IN ({})",
        name_column(kind),
        table(kind),
        vec!["?"; ids].join(", ")
    )
}

async fn named(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    session: SessionId,
    (kind, ids): (Kind, &[String]),
    names: &mut BTreeMap<End, String>,
) -> Result<()> {
    let mut values = Values::with_capacity(ids.len() + 3);
    values.add(tenant.as_str());
    values.add(session.0);
    values.add(tenant.as_str());
    ids.iter().for_each(|id| values.add(id.as_str()));
    for row in sqlx::query_with(AssertSqlSafe(question(kind, ids.len())), values.finish()?).fetch_all(database).await? {
        if let Some(name) = row.try_get::<Option<String>, _>(1)?.filter(|name| !name.trim().is_empty()) {
            names.insert((kind, row.try_get(0)?), name);
        }
    }
    Ok(())
}

/// `Ana Novak holds asset C02XK1 as owner through group Design`; nothing where neither end has a name.
fn words((principal, target, role, via): &Parts, names: &BTreeMap<End, String>) -> Option<String> {
    let name = |text: &str| {
        let end = end(text)?;
        let name = names.get(&end)?;
        Some(if end.0 == Kind::User { name.clone() } else { format!("{} {name}", end.0) })
    };
    let (who, what) = (name(principal), name(target));
    if who.is_none() && what.is_none() {
        return None;
    }
    let role = role.as_ref().map(|role| format!(" as {role}")).unwrap_or_default();
    let via = via.as_ref().map(|via| format!(" through {}", name(via).unwrap_or_else(|| via.clone()))).unwrap_or_default();
    Some(format!("{} holds {}{role}{via}", who.unwrap_or_else(|| principal.clone()), what.unwrap_or_else(|| target.clone())))
}

#[cfg(test)]
mod tests {
    use super::super::super::people::tests::{finds, plan};
    use super::*;

    #[test]
    fn an_end_without_a_name_is_told_by_its_id() {
        let names =
            [((Kind::User, "a:1".to_owned()), "Ana".to_owned()), ((Kind::Group, "g".to_owned()), "Design".to_owned())].into();
        let told = |key: &str| words(&serde_json::from_str(key).unwrap(), &names);
        assert_eq!(told(r#"["user:a:1","group:g","lead",null]"#).unwrap(), "Ana holds group Design as lead");
        assert_eq!(told(r#"["user:2","group:g",null,null]"#).unwrap(), "user:2 holds group Design");
        assert_eq!(told(r#"["user:a:1","asset:7",null,"group:g"]"#).unwrap(), "Ana holds asset:7 through group Design");
        assert_eq!(told(r#"["user:2","asset:7",null,"group:g"]"#), None);
    }

    #[tokio::test]
    async fn names_are_found_by_ids() {
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Grant) {
            finds(&plan(&question(kind, 2)).await, &["row"]);
        }
    }
}
