//! `headcount shared`: values that several connections' settings refer to as `@name`.

use headcount::SharedName;
use headcount::model::printable;
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::table::Grid;
use crate::words::time;

/// What to do with shared values.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Set a value, and the settings of every connection that refers to it
    Set {
        /// Its name, to which settings refer as @NAME
        name: SharedName,
        /// The value; never a secret: those are credentials
        value: String,
    },
    /// List values and which connections refer to them
    List,
    /// Remove a value that no setting refers to
    Remove {
        /// Its name
        name: SharedName,
    },
}

/// Runs one of them.
pub async fn run(command: Command, context: &Context) -> anyhow::Result<Exit> {
    match command {
        Command::Set { name, value } => set(&name, &value, context).await,
        Command::List => list(context).await,
        Command::Remove { name } => {
            context.tenant().await?.remove_shared(&name).await?;
            let out = context.out;
            if out.json {
                out.value(&json!({ "event": "removed", "shared": name }))?;
            } else {
                out.line(format!("removed the shared value {name}"))?;
            }
            Ok(Exit::Done)
        }
    }
}

async fn set(name: &SharedName, value: &str, context: &Context) -> anyhow::Result<Exit> {
    let touched = context.tenant().await?.set_shared(name, value).await?;
    let stale = touched.iter().any(|one| !one.enter_again.is_empty() || one.unusable.is_some());
    let exit = if stale { Exit::Reconnect } else { Exit::Done };
    let out = context.out;
    if out.json {
        let touched: Vec<_> = touched
            .iter()
            .map(|one| json!({ "connection": one.connection, "enter-again": one.enter_again, "unusable": one.unusable }))
            .collect();
        out.value(&json!({ "event": "set", "shared": name, "touched": touched }))?;
        return Ok(exit);
    }
    match touched.as_slice() {
        [] => out.line(format!("set {name}; no connection refers to it yet: --set FIELD=@{name}"))?,
        some => {
            let ids: Vec<&str> = some.iter().map(|one| one.connection.as_str()).collect();
            out.line(format!("set {name}, and with it the settings of {}", ids.join(", ")))?;
        }
    }
    for one in &touched {
        let id = &one.connection;
        for field in &one.enter_again {
            out.line(format!(
                "{id}: {field} goes to another host now and must be entered again: headcount connection credential {id} {field}"
            ))?;
        }
        if let Some(credential) = &one.unusable {
            out.line(format!(
                "{id}: the credential {credential} is for other hosts; give it another: headcount credential use NAME {id}"
            ))?;
        }
    }
    Ok(exit)
}

async fn list(context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let connections = tenant.connections().await?;
    let out = context.out;
    let mut grid = Grid::new(["SHARED VALUE", "VALUE", "SET", "USED BY"]);
    for shared in tenant.shared_values().await? {
        let users = connections.iter().filter(|connection| connection.shared.values().any(|name| *name == shared.name));
        let users: Vec<&str> = users.map(|connection| connection.id.as_str()).collect();
        if out.json {
            let at = time(shared.updated_at);
            out.value(&json!({ "name": shared.name, "value": shared.value, "updated-at": at, "used-by": users }))?;
            continue;
        }
        grid.row([shared.name.to_string(), printable(&shared.value).into_owned(), time(shared.updated_at), users.join(", ")]);
    }
    if !out.json && grid.is_empty() {
        out.remark("no shared values yet: headcount shared set NAME VALUE");
    }
    out.grid(&mut grid)?;
    Ok(Exit::Done)
}
