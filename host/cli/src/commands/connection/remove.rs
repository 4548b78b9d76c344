//! `headcount connection remove`: a connection with its secrets; its records are kept or go, too.

use headcount::model::printable;
use headcount::store::LifeState;
use headcount::{ConnectionId, Records, Removal};
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
    /// Keep the records as they were last read, and the sessions
    #[arg(long, conflicts_with = "purge")]
    pub keep_records: bool,
    /// Remove the records and the sessions, too
    #[arg(long)]
    pub purge: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// Removes a connection.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let removal = tenant.removal(&args.connection).await?;
    let id = &removal.connection.id;
    let out = context.out;
    out.remark(preview(&removal));
    let records = match (args.keep_records, args.purge) {
        (true, _) => Records::Keep,
        (_, true) => Records::Purge,
        _ if removal.records.is_empty() || removal.connection.life.state == LifeState::Removed => Records::Purge,
        _ if context.can_ask() => {
            let choices = vec!["keep the records".to_owned(), "remove them, too".to_owned()];
            if ask::choice("What becomes of the records?", choices, 0).await? == 0 { Records::Keep } else { Records::Purge }
        }
        _ => return Err(Complaint::usage("say what becomes of the records").next("--keep-records or --purge").into()),
    };
    if !args.yes {
        if !context.can_ask() {
            return Err(Complaint::usage("nobody can be asked whether to remove it").next("add --yes").into());
        }
        if !ask::yes(&format!("Remove {id}? It can't be undone.")).await? {
            out.remark("nothing was removed");
            return Ok(Exit::Cancelled);
        }
    }
    let removal = tenant.remove(id, records).await?;
    let others = removal.credential.as_ref().map(|(_, others)| others.as_slice()).unwrap_or_default();
    if out.json {
        out.value(&json!({
            "event": "removed",
            "connection": id,
            "records": if records == Records::Keep { "kept" } else { "purged" },
            "revoke": removal.revoke,
            "credential": removal.credential.as_ref().map(|(name, _)| name),
            "credential-used-by": others,
        }))?;
        return Ok(Exit::Done);
    }
    out.line(match records {
        Records::Keep => format!("removed {id}; its records are kept as they were last read"),
        Records::Purge => format!("removed {id} with its records"),
    })?;
    revoking(&removal).into_iter().try_for_each(|line| out.line(line))?;
    Ok(Exit::Done)
}

/// What will go, and what may stay.
fn preview(removal: &Removal) -> String {
    let connection = &removal.connection;
    let counts = removal.records.iter();
    let counts: Vec<String> =
        counts.map(|count| format!("{} {}", number(count.present + count.gone), records::plural(count.kind))).collect();
    let records = if counts.is_empty() { "no records".to_owned() } else { counts.join(", ") };
    let secrets = match removal.secrets.as_slice() {
        [] => "no secrets of its own".to_owned(),
        fields => format!("its {}", fields.join(", ")),
    };
    let stays = match &removal.credential {
        Some((name, _)) => format!("; the credential {name} stays"),
        None => String::new(),
    };
    format!(
        "with {} ({}) go {secrets}; with --purge also its sessions and {records}{stays}",
        printable(&connection.name),
        connection.id
    )
}

/// How to revoke the credential at the vendor, unless others need it still.
fn revoking(removal: &Removal) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some((name, others)) = &removal.credential {
        let others: Vec<&str> = others.iter().map(ConnectionId::as_str).collect();
        lines.push(match others.as_slice() {
            [] => format!("no connection uses the credential {name} any more: headcount credential remove {name}"),
            some => format!("the credential {name} is still used by {}: do not revoke it", some.join(", ")),
        });
        return lines;
    }
    if !removal.revoke.is_empty() {
        lines.push(format!("the credential still works at the vendor; to revoke it: {}", printable(&removal.revoke)));
    }
    lines
}
