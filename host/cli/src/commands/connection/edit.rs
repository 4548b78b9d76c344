//! `headcount connection edit`: settings, the name, and accepting a scope that came to see less.

use headcount::ConnectionId;
use serde_json::json;

use super::fill;
use super::people::PeopleArgs;
use crate::ask;
use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::pairs::Pair;
use crate::scope;

/// What to change.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The connection
    pub connection: ConnectionId,
    /// A setting; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<Pair>,
    /// What people call it
    #[arg(long, value_name = "NAME")]
    pub rename: Option<String>,
    #[command(flatten)]
    pub people: PeopleArgs,
    /// Nobody is told how it is any more
    #[arg(long, conflicts_with = "contact")]
    pub no_contacts: bool,
    /// From now on, what is absent under what the credential saw last counts as missing
    #[arg(long)]
    pub accept_scope: bool,
    /// This connection says who works in the company, and who left
    #[arg(long, conflicts_with = "no_directory")]
    pub directory: bool,
    /// It no longer says so
    #[arg(long)]
    pub no_directory: bool,
    /// Do not ask whether another connection is the directory no longer
    #[arg(long, requires = "directory")]
    pub yes: bool,
}

/// Changes a connection.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let marks = args.directory || args.no_directory;
    let nobody = args.people.owner.is_none() && args.people.contact.is_empty() && !args.no_contacts;
    if args.set.is_empty() && args.rename.is_none() && !args.accept_scope && !marks && nobody {
        let next =
            "--set KEY=VALUE, --rename NAME, --owner NAME, --contact ADDRESS, --accept-scope, --directory or --no-directory";
        return Err(Complaint::usage("nothing to change").next(next).into());
    }
    let tenant = context.tenant().await?;
    let (mut connection, manifest) = tenant.connection_and_manifest(&args.connection).await?;
    let id = connection.id.clone();
    let other = if args.directory { tenant.store().directory(tenant.id()).await?.filter(|other| *other != id) } else { None };
    if let Some(other) = other.as_ref().filter(|_| !args.yes) {
        if !context.can_ask() {
            return Err(Complaint::usage(format!(
                "{other} is the directory, and nobody can be asked whether {id} takes its place"
            ))
            .next("add --yes")
            .into());
        }
        if !ask::yes(&format!("{other} is the directory, and says who left. Is {id} to be it instead?")).await? {
            context.out.remark("nothing was changed");
            return Ok(Exit::Cancelled);
        }
    }
    let mut stale = Vec::new();
    if !args.set.is_empty() {
        let changes = fill::given(&manifest, &args.set)?;
        (connection, stale) = tenant.edit(&id, changes).await?;
    }
    if let Some(name) = args.rename {
        connection = tenant.rename(&id, name).await?;
    }
    if let Some(owner) = args.people.owner {
        connection = tenant.set_owner(&id, owner).await?;
    }
    if args.no_contacts || !args.people.contact.is_empty() {
        let contacts = args.people.contact.into_iter().map(|contact| contact.0).collect();
        connection = tenant.set_contacts(&id, contacts).await?;
    }
    if args.accept_scope {
        connection = tenant.accept_scope(&id).await?;
    }
    if marks {
        mark(&tenant, &id, args.directory).await?;
    }
    let out = context.out;
    if out.json {
        out.value(&json!({
            "event": "edited",
            "connection": id,
            "name": connection.name,
            "settings": connection.settings.values,
            "shared": connection.shared,
            "owner": connection.owner,
            "contacts": connection.contacts,
            "baseline": connection.baseline.as_ref().map(scope::value),
            "enter-again": stale,
            "no-longer-directory": other,
        }))?;
    } else {
        out.line(format!("changed connection {id} ({})", connection.settings.base_url))?;
        if let Some(other) = &other {
            out.line(format!("{other} is no longer the directory"))?;
        }
        if args.accept_scope {
            match &connection.baseline {
                Some(baseline) => {
                    out.line("accepted what the credential sees")?;
                    scope::lines(baseline).into_iter().try_for_each(|line| out.line(format!("  {line}")))?;
                }
                None => out.line(format!("no session knows yet what the credential sees: headcount sync {id}"))?,
            }
        }
        for field in &stale {
            out.line(match &connection.credential {
                Some(name) => format!(
                    "the credential {name} is for other hosts and can't be used any more: headcount credential use NAME {id}, or headcount \
                     connection credential {id} {field} --own"
                ),
                None => format!(
                    "{field} goes to another host now and must be entered again: headcount connection credential {id} {field}"
                ),
            })?;
        }
    }
    Ok(if stale.is_empty() { Exit::Done } else { Exit::Reconnect })
}

/// Marks a connection as the directory, or takes the mark away from it.
async fn mark(tenant: &headcount::Tenant, id: &ConnectionId, directory: bool) -> Result<(), headcount::Error> {
    if directory {
        return tenant.set_directory(Some(id)).await;
    }
    if tenant.store().directory(tenant.id()).await?.as_ref() == Some(id) { tenant.set_directory(None).await } else { Ok(()) }
}
