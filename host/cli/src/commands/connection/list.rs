//! `headcount connection list`: connections, and how they are.

use std::collections::BTreeMap;

use headcount::Connection;
use headcount::store::LifeState;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::records;
use crate::standing;
use crate::table::Grid;
use crate::words::{number, time};

/// Characters of a reason in the table; beneath it stands all of it.
const REASON: usize = 48;

/// Lists connections.
pub async fn run(context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let connections = tenant.connections().await?;
    let mut present: BTreeMap<String, Vec<(headcount::Kind, u64)>> = BTreeMap::new();
    for count in tenant.store().counts(tenant.id()).await.map_err(headcount::Error::from)? {
        present.entry(count.connection.to_string()).or_default().push((count.kind, count.present));
    }
    let directory = tenant.store().directory(tenant.id()).await.map_err(headcount::Error::from)?;
    let is_directory = |id: &headcount::ConnectionId| directory.as_ref() == Some(id);
    let out = context.out;
    let mut grid = Grid::new(["CONNECTION", "NAME", "CONNECTOR", "LIFE", "HEALTH", "LAST SYNC", "RESULT", "RECORDS", "WHY"]);
    for connection in &connections {
        let last = tenant.last_sync(&connection.id).await?;
        let counts = present.get(connection.id.as_str()).cloned().unwrap_or_default();
        if out.json {
            let counts: BTreeMap<&str, u64> = counts.iter().map(|(kind, count)| (records::plural(*kind), *count)).collect();
            out.value(&json!({
                "id": connection.id,
                "name": connection.name,
                "connector": connection.connector,
                "directory": is_directory(&connection.id),
                "settings": connection.settings.values,
                "shared": connection.shared,
                "credential": connection.credential,
                "owner": connection.owner,
                "contacts": connection.contacts,
                "base-url": connection.settings.base_url,
                "life": standing::value(&connection.life),
                "health": standing::value(&connection.health),
                "created-at": time(connection.created_at),
                "last-session": last.map(|session| crate::sessions::value(&session)),
                "records": counts,
            }))?;
            continue;
        }
        let (when, result) = last.map(|session| (time(session.started_at), session.state.as_str())).unwrap_or_default();
        grid.row([
            format!("{}{}", connection.id, if is_directory(&connection.id) { " (directory)" } else { "" }),
            connection.name.clone(),
            connection.connector.to_string(),
            connection.life.state.to_string(),
            // How it was is of no use any more, and nothing can be done about it.
            if is_removed(connection) { String::new() } else { connection.health.state.to_string() },
            when,
            result.to_owned(),
            number(counts.iter().map(|(_, count)| count).sum()),
            reason(connection),
        ]);
    }
    if out.json {
        return Ok(Exit::Done);
    }
    if grid.is_empty() {
        out.remark("no connections yet: headcount connection add CONNECTOR");
    }
    out.grid(&mut grid)?;
    for connection in &connections {
        let told = if is_removed(connection) { standing::lines(&connection.life) } else { standing::lines(&connection.health) };
        if !told.is_empty() {
            out.line(format!("\n{}: {}", connection.id, told.join("\n  ")))?;
        }
    }
    Ok(Exit::Done)
}

fn is_removed(connection: &Connection) -> bool {
    connection.life.state == LifeState::Removed
}

/// Why a connection is not well, or does not run, in as many words as a row has room for.
fn reason(connection: &Connection) -> String {
    let why =
        if is_removed(connection) || connection.health.why.is_empty() { &connection.life.why } else { &connection.health.why };
    let line: String = why.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(REASON) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
