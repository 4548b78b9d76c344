//! `headcount connection remove`: a connection, its credentials, its sessions and its records.

use headcount::ConnectionId;
use headcount::model::printable;
use serde_json::json;

use crate::ask;
use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::records;
use crate::words::number;

/// What to remove.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The connection
    pub connection: ConnectionId,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// Removes a connection.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let connection = tenant.connection(&args.connection).await?;
    let id = &connection.id;
    let counts = tenant.store().counts(tenant.id()).await.map_err(headcount::Error::from)?;
    let going: Vec<String> = counts
        .iter()
        .filter(|count| count.connection == *id)
        .map(|count| format!("{} {}", number(count.present + count.gone), records::plural(count.kind)))
        .collect();
    let going = if going.is_empty() { "no records".to_owned() } else { going.join(", ") };
    let out = context.out;
    out.remark(format!("with {} ({id}) go its credentials, its sessions, and {going}", printable(&connection.name)));
    if !args.yes {
        if !context.can_ask() {
            return Err(Complaint::usage("nobody can be asked whether to remove it").next("add --yes").into());
        }
        if !ask::yes(&format!("Remove {id}? It can't be undone.")).await? {
            out.remark("nothing was removed");
            return Ok(Exit::Cancelled);
        }
    }
    let revoke = tenant.remove(id).await?;
    if out.json {
        out.value(&json!({ "event": "removed", "connection": id, "revoke": revoke }))?;
        return Ok(Exit::Done);
    }
    out.line(format!("removed {id}"))?;
    if !revoke.is_empty() {
        out.line(format!("the credential still works at the vendor; to revoke it: {}", printable(&revoke)))?;
    }
    Ok(Exit::Done)
}
