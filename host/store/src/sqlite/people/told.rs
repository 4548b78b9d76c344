//! What is told of people to whoever follows the changes: persons that come and go, and accounts that become somebody's.

use std::collections::BTreeMap;

use headcount_model::{TenantId, Timestamp};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnection;

use super::super::changes::{Entry, Log};
use crate::{PersonId, Result, What};

/// An account that changed hands.
pub(super) struct Moved {
    pub(super) connection: String,
    pub(super) account: String,
    pub(super) key: Option<String>,
    pub(super) from: Option<PersonId>,
    pub(super) to: Option<PersonId>,
}

/// Tells that persons came or went.
pub(super) async fn persons(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    what: What,
    persons: impl IntoIterator<Item = (PersonId, String)>,
    now: Timestamp,
) -> Result<()> {
    let entry = |(id, key): (PersonId, String)| Entry {
        kind: "person",
        id: id.to_string(),
        what,
        name: Some(key).filter(|key| !key.is_empty()),
        fields: None,
    };
    let mut log = Log::open(database, tenant, "", None, now).await?;
    log.add(database, persons.into_iter().map(entry).collect()).await?;
    log.close(database).await
}

/// Tells whose accounts became whose, and so who has which software.
pub(super) async fn moved(
    database: &mut SqliteConnection,
    tenant: &TenantId,
    moved: impl IntoIterator<Item = Moved>,
    now: Timestamp,
) -> Result<()> {
    let mut by_connection: BTreeMap<String, Vec<Moved>> = BTreeMap::new();
    for one in moved {
        by_connection.entry(one.connection.clone()).or_default().push(one);
    }
    for (connection, moved) in by_connection {
        let software: Option<String> =
            sqlx::query_scalar("SELECT software FROM software_of WHERE tenant = $1 AND connection = $2")
                .bind(tenant.as_str())
                .bind(&connection)
                .fetch_optional(&mut *database)
                .await?;
        let mut log = Log::open(database, tenant, &connection, None, now).await?;
        log.add(database, moved.into_iter().map(|one| entry(one, software.as_deref())).collect()).await?;
        log.close(database).await?;
    }
    Ok(())
}

fn entry(moved: Moved, software: Option<&str>) -> Entry {
    let mut fields = json!({ "person": [moved.from, moved.to] });
    if let (Some(software), Some(object)) = (software, fields.as_object_mut()) {
        let had = moved.from.map(|_| software);
        let has = moved.to.map(|_| software);
        if had != has {
            object.insert("software".to_owned(), Value::from(vec![had, has]));
        }
    }
    Entry {
        kind: "link",
        id: moved.account,
        what: if moved.to.is_some() { What::Linked } else { What::Unlinked },
        name: moved.key,
        fields: Some(fields.to_string()),
    }
}
