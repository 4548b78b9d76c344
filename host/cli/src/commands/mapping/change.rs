//! `headcount mapping set|unset|apply`: what a change does to the accounts is shown before it is done.

use std::path::PathBuf;

use headcount::model::mapping::{Pick, Rows, Target};
use headcount::model::printable;
use headcount::{ConnectionId, Mapping, MappingRule, Tenant};
use serde_json::Value;

use super::preview::{Examples, tell};
use super::read;
use crate::ask;
use crate::context::Context;
use crate::exit::{Complaint, Exit};

/// A field and how it is made.
#[derive(clap::Args, Debug)]
pub struct SetArgs {
    /// The connection
    pub connection: ConnectionId,
    /// The field: a-z, 0-9 and hyphens
    pub field: String,
    /// An expression (CEL): 'user.title', 'license.product_name'
    #[arg(long, value_name = "EXPRESSION")]
    pub value: String,
    /// A field of the person rather than of the account
    #[arg(long)]
    pub person: bool,
    /// Once for each license that the account holds, as `license`
    #[arg(long)]
    pub each_license: bool,
    /// What the values of several licenses become: first, latest, any, all
    #[arg(long, value_name = "HOW", value_parser = pick, default_value = "first", requires = "each_license")]
    pub pick: Pick,
    /// The value where there is none
    #[arg(long, value_name = "TEXT")]
    pub default: Option<String>,
    /// An account without a value counts as a failure
    #[arg(long)]
    pub required: bool,
    /// It makes the sync key, in place of the field that did
    #[arg(long)]
    pub key: bool,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
}

/// A field.
#[derive(clap::Args, Debug)]
pub struct UnsetArgs {
    /// The connection
    pub connection: ConnectionId,
    /// The field
    pub field: String,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
}

/// A mapping in a file, to be taken.
#[derive(clap::Args, Debug)]
pub struct ApplyArgs {
    /// The connection
    pub connection: ConnectionId,
    /// The file, TOML, as `show --toml` writes it
    #[arg(required_unless_present = "standard")]
    pub file: Option<PathBuf>,
    /// Go back to the connector's standard mapping
    #[arg(long, conflicts_with = "file")]
    pub standard: bool,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
}

fn pick(word: &str) -> Result<Pick, String> {
    match word {
        "first" => Ok(Pick::First),
        "latest" => Ok(Pick::Latest),
        "any" => Ok(Pick::Any),
        "all" => Ok(Pick::All),
        _ => Err("expected first, latest, any or all".to_owned()),
    }
}

/// Makes one field.
pub async fn set(args: SetArgs, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let (mut mapping, _) = tenant.mapping(&args.connection).await?;
    let rule = MappingRule {
        field: args.field,
        value: args.value,
        target: if args.person { Target::Person } else { Target::Account },
        rows: if args.each_license { Rows::License } else { Rows::Account },
        pick: args.pick,
        default: args.default.map(Value::String),
        required: args.required,
        key: args.key,
    };
    if rule.key {
        mapping.rules.iter_mut().for_each(|other| other.key = false);
    }
    match mapping.rules.iter_mut().find(|other| other.field == rule.field && other.target == rule.target) {
        Some(other) => *other = MappingRule { key: rule.key || other.key, ..rule },
        None => mapping.rules.push(rule),
    }
    change(&tenant, &args.connection, Some(mapping), args.yes, context).await
}

/// Makes one field no longer.
pub async fn unset(args: UnsetArgs, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let (mut mapping, _) = tenant.mapping(&args.connection).await?;
    let before = mapping.rules.len();
    mapping.rules.retain(|rule| rule.field != args.field);
    if mapping.rules.len() == before {
        return Err(Complaint::not_found(format!(
            "the mapping of {} makes no field {}",
            args.connection,
            printable(&args.field)
        ))
        .next(format!("headcount mapping show {}", args.connection))
        .into());
    }
    change(&tenant, &args.connection, Some(mapping), args.yes, context).await
}

/// Takes a mapping from a file.
pub async fn apply(args: ApplyArgs, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let mapping = match &args.file {
        Some(path) => Some(read(path).await?),
        None => None,
    };
    change(&tenant, &args.connection, mapping, args.yes, context).await
}

/// Shows what a mapping changes, asks, and gives it to the connection.
pub(super) async fn change(
    tenant: &Tenant,
    id: &ConnectionId,
    mapping: Option<Mapping>,
    yes: bool,
    context: &Context,
) -> anyhow::Result<Exit> {
    if !yes {
        if !context.can_ask() {
            return Err(Complaint::usage("a mapping changes the fields of accounts, and nobody can be asked")
                .next(format!("look at it with `headcount mapping preview {id} FILE`, then add --yes"))
                .into());
        }
        let would = tenant.preview_mapping(id, mapping.as_ref()).await?;
        let all = format!("a preview of the whole mapping in a file (headcount mapping preview {id} FILE --all)");
        tell(&would, "would change", "mapping-preview", id, Examples::And(&all), context)?;
        if !ask::yes("Change them?").await? {
            context.out.remark("nothing was changed");
            return Ok(Exit::Cancelled);
        }
    }
    let done = tenant.set_mapping(id, mapping.as_ref()).await?;
    tell(&done, "changed", "mapping-applied", id, Examples::Alone, context)?;
    Ok(Exit::Done)
}
