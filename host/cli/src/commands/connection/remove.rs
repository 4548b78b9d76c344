//! `headcount connection remove`: a connection with its secrets; its records are kept or go, too.

use headcount::model::printable;
use headcount::store::{Counts, LifeState};
use headcount::{ConnectionId, Records, Removal};
use serde_json::{Map, Value, json};

use crate::ask;
use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::records;
use crate::words::{counted, number};

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
        let (went, rest) = value(&removal);
        out.value(&json!({
            "event": "removed",
            "connection": id,
            "records": if records == Records::Keep { "kept" } else { "purged" },
            "went": went,
            "with-records": rest,
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
    let mut goes = vec![match removal.secrets.as_slice() {
        [] => "no secrets of its own".to_owned(),
        fields => format!("its {}", fields.join(", ")),
    }];
    if removal.waiting > 0 {
        goes.push(format!("the wait of {} for a person (they stay)", counted(removal.waiting, "record")));
    }
    if !removal.permits.is_empty() {
        goes.push(format!("the permission of {}", removal.permits.join(", ")));
    }
    goes.extend(removal.scheduled.then(|| "its schedule".to_owned()));
    goes.extend(removal.directory.then(|| "its mark as the directory (nobody says then who left)".to_owned()));
    let counts = removal.records.iter();
    let counts = counts.map(|count| format!("{} {}", number(count.present + count.gone), records::plural(count.kind)));
    let mut purged = vec!["its sessions".to_owned()];
    purged.extend(counts);
    if removal.records.is_empty() {
        purged.push("no records".to_owned());
    }
    purged.extend(removal.mapping.then(|| "its mapping".to_owned()));
    if !removal.filters.is_empty() {
        purged.push(counted(removal.filters.len() as u64, "filter"));
    }
    if removal.decided_accounts > 0 {
        purged.push(format!("what people decided about {}", counted(removal.decided_accounts, "account")));
    }
    let stays = match &removal.credential {
        Some((name, _)) => format!("; the credential {name} stays"),
        None => String::new(),
    };
    let (name, id) = (printable(&connection.name), &connection.id);
    format!("with {name} ({id}) go {}; with --purge also {}{stays}", goes.join(", "), purged.join(", "))
}

/// The same for programs: what goes either way, and what does if the records are purged.
fn value(removal: &Removal) -> (Value, Value) {
    let goes = json!({
        "secrets": removal.secrets,
        "waiting": removal.waiting,
        "permits": removal.permits,
        "schedule": removal.scheduled,
        "directory": removal.directory,
    });
    let of_kind =
        |count: &Counts| (records::plural(count.kind).to_owned(), json!({ "present": count.present, "gone": count.gone }));
    let purged = json!({
        "records": removal.records.iter().map(of_kind).collect::<Map<String, Value>>(),
        "mapping": removal.mapping,
        "filters": removal.filters,
        "decided-accounts": removal.decided_accounts,
    });
    (goes, purged)
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
