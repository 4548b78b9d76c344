//! `headcount filter`: which records of a connection are in scope.

use headcount::model::mapping::Effect;
use headcount::model::printable;
use headcount::{ConnectionId, FilterRule, FilterTrial, Kind, OutOfScope};
use serde_json::json;

use crate::ask;
use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::table::Grid;
use crate::words::number;

/// What to do with filters.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List a connection's filters
    List {
        /// The connection
        connection: ConnectionId,
    },
    /// Show what a filter would drop of what the store holds, and save nothing
    Try(RuleArgs),
    /// Add a filter, or replace the one of this name: says how many stored records it drops, and asks what becomes of them
    Add(AddArgs),
    /// Take a filter away; what it dropped comes in with the next sync
    Remove {
        /// The connection
        connection: ConnectionId,
        /// The filter
        name: String,
    },
}

/// A filter.
#[derive(clap::Args, Debug)]
pub struct RuleArgs {
    /// The connection
    pub connection: ConnectionId,
    /// The filter's name: a-z, 0-9 and hyphens
    pub name: String,
    /// The kind of records that it judges: user, group, role, application, license, asset
    #[arg(long, value_name = "KIND", default_value = "user")]
    pub kind: Kind,
    /// Drop the records for which this expression (CEL) holds: 'user.department == "Contractors"'
    #[arg(long, value_name = "EXPRESSION", required_unless_present = "keep", conflicts_with = "keep")]
    pub drop: Option<String>,
    /// Keep the records for which this expression (CEL) holds, and drop all others
    #[arg(long, value_name = "EXPRESSION")]
    pub keep: Option<String>,
}

/// A filter to be saved.
#[derive(clap::Args, Debug)]
pub struct AddArgs {
    #[command(flatten)]
    pub rule: RuleArgs,
    /// What becomes of stored records that it drops: keep them as they are, or remove them as out of scope
    #[arg(long, value_name = "WHAT", value_parser = stored)]
    pub stored: Option<OutOfScope>,
}

fn stored(word: &str) -> Result<OutOfScope, String> {
    match word {
        "keep" => Ok(OutOfScope::Keep),
        "remove" => Ok(OutOfScope::Remove),
        _ => Err("expected keep or remove".to_owned()),
    }
}

impl RuleArgs {
    fn rule(&self) -> FilterRule {
        let (effect, when) = match (&self.drop, &self.keep) {
            (Some(when), _) => (Effect::Drop, when.clone()),
            (None, keep) => (Effect::Keep, keep.clone().unwrap_or_default()),
        };
        FilterRule { name: self.name.clone(), kind: self.kind, effect, when }
    }
}

/// Runs one of them.
pub async fn run(command: Command, context: &Context) -> anyhow::Result<Exit> {
    match command {
        Command::List { connection } => list(&connection, context).await,
        Command::Try(args) => {
            let tenant = context.tenant().await?;
            let rule = args.rule();
            let trial = tenant.try_filter(&args.connection, &rule).await?;
            tell(&trial, &rule, "filter-trial", "would drop", context)?;
            Ok(Exit::Done)
        }
        Command::Add(args) => add(args, context).await,
        Command::Remove { connection, name } => {
            let tenant = context.tenant().await?;
            if !tenant.remove_filter(&connection, &name).await? {
                return Err(Complaint::not_found(format!("connection {connection} has no filter {}", printable(&name)))
                    .next(format!("headcount filter list {connection}"))
                    .into());
            }
            if context.out.json {
                context.out.value(&json!({ "event": "filter-removed", "connection": connection, "name": name }))?;
            } else {
                context.out.line(format!("removed the filter {name}; what it dropped comes in with the next sync"))?;
            }
            Ok(Exit::Done)
        }
    }
}

async fn list(connection: &ConnectionId, context: &Context) -> anyhow::Result<Exit> {
    let filters = context.tenant().await?.filters(connection).await?;
    if context.out.json {
        for filter in &filters {
            let mut value = json!(filter);
            value["event"] = json!("filter");
            context.out.value(&value)?;
        }
        return Ok(Exit::Done);
    }
    let mut grid = Grid::new(["FILTER", "KIND", "DOES", "WHEN"]);
    for filter in &filters {
        grid.row([filter.name.as_str(), filter.kind.as_str(), word(filter.effect), filter.when.as_str()]);
    }
    context.out.grid(&mut grid)?;
    if filters.is_empty() {
        context.out.remark(format!("{connection} has no filters: everything that the vendor lists is in scope"));
    }
    Ok(Exit::Done)
}

async fn add(args: AddArgs, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let (connection, rule) = (&args.rule.connection, args.rule.rule());
    let trial = tenant.try_filter(connection, &rule).await?;
    let stored = match (args.stored, trial.dropped) {
        (Some(stored), _) => stored,
        (None, 0) => OutOfScope::Keep,
        (None, dropped) if context.can_ask() => {
            tell(&trial, &rule, "filter-trial", "would drop", context)?;
            let labels = vec![
                "Keep them as they are: syncs neither change nor remove them".to_owned(),
                format!("Remove the {} as out of scope, with who holds what of them", number(dropped)),
                "Save nothing".to_owned(),
            ];
            match ask::choice("What becomes of them?", labels, 0).await? {
                0 => OutOfScope::Keep,
                1 => OutOfScope::Remove,
                _ => {
                    context.out.remark("nothing was saved");
                    return Ok(Exit::Cancelled);
                }
            }
        }
        (None, dropped) => {
            let problem =
                format!("the filter drops {} stored records, and nobody can be asked what becomes of them", number(dropped));
            return Err(Complaint::usage(problem).next("add --stored keep, or --stored remove").into());
        }
    };
    let done = tenant.put_filter(connection, &rule, stored).await?;
    let verb = if stored == OutOfScope::Remove { "removed as out of scope" } else { "drops from now on" };
    tell(&done, &rule, "filter-added", verb, context)?;
    Ok(Exit::Done)
}

fn tell(trial: &FilterTrial, rule: &FilterRule, event: &str, verb: &str, context: &Context) -> anyhow::Result<()> {
    if context.out.json {
        context.out.value(&json!({
            "event": event, "filter": rule, "present": trial.present, "dropped": trial.dropped, "failed": trial.failed,
            "failure": trial.failure, "examples": trial.examples,
        }))?;
        return Ok(());
    }
    let (dropped, present) = (number(trial.dropped), number(trial.present));
    let kind = crate::records::plural(rule.kind);
    context.out.line(format!("the filter {} {verb} {dropped} of {present} stored {kind}", rule.name))?;
    for example in trial.examples.iter().take(10) {
        context.out.line(format!("  {}", printable(example)))?;
    }
    if let Some(failure) = &trial.failure {
        let failed = number(trial.failed);
        context.out.line(format!("it can't judge {failed} of them, which are kept: {}", printable(failure)))?;
    }
    Ok(())
}

fn word(effect: Effect) -> &'static str {
    match effect {
        Effect::Drop => "drop",
        Effect::Keep => "keep only",
    }
}
