//! `headcount mapping test`: one account before and after, or one expression on it.

use std::path::PathBuf;

use headcount::model::printable;
use headcount::{ConnectionId, Mapping, MappingRule, MappingSample};
use serde_json::{Value, json};

use super::chosen;
use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::output::text;
use crate::table::Grid;

/// The field of an expression that is only tried.
const TRIED: &str = "tried";

/// What to test.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The connection
    pub connection: ConnectionId,
    /// The account: its id or e-mail address; without one, the first
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
    /// The mapping in this file rather than the connection's
    #[arg(long, value_name = "FILE", conflicts_with = "value")]
    pub file: Option<PathBuf>,
    /// Only this expression
    #[arg(long, value_name = "EXPRESSION")]
    pub value: Option<String>,
    /// Show everything that expressions see of the account
    #[arg(long)]
    pub variables: bool,
}

/// Shows an account before and after.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let (id, out) = (&args.connection, context.out);
    let tenant = context.tenant().await?;
    let mapping = match &args.value {
        Some(value) => Some(tried(value)),
        None => chosen(args.file.as_ref()).await?,
    };
    let Some(sample) = tenant.test_mapping(id, mapping.as_ref(), args.account.as_deref()).await? else {
        let which = args.account.as_deref().map(printable).unwrap_or_default();
        return Err(Complaint::not_found(format!("connection {id} has no account {which}").trim_end().to_owned())
            .next(format!("headcount sync {id}, or headcount users --connection {id}"))
            .into());
    };
    if args.value.is_some() {
        return expression(&sample, context);
    }
    if out.json {
        out.value(&json!({
            "event": "mapping-test", "connection": id, "account": sample.account, "variables": sample.variables,
            "before": sample.before, "after": sample.after,
        }))?;
        return Ok(Exit::Done);
    }
    out.line(format!("account {} of {id}", printable(&sample.account)))?;
    if args.variables {
        let shown = serde_json::to_string_pretty(&sample.variables)?;
        out.line(shown.lines().map(|line| printable(line).into_owned()).collect::<Vec<_>>().join("\n"))?;
    }
    let before = sample.before.clone().unwrap_or_default();
    let mut grid = Grid::new(["FIELD", "BEFORE", "AFTER", ""]).indented(2);
    let key = |key: &Option<String>| key.clone().unwrap_or_default();
    grid.row(["(sync key)".to_owned(), key(&before.sync_key), key(&sample.after.sync_key), String::new()]);
    for (of, before, after) in
        [("", &before.fields, &sample.after.fields), ("person ", &before.person_fields, &sample.after.person_fields)]
    {
        let names = before.keys().chain(after.keys()).chain(sample.after.failures.keys().filter(|_| of.is_empty()));
        let names: std::collections::BTreeSet<&String> = names.collect();
        for name in names {
            let cell = |value: Option<&Value>| value.map(text).unwrap_or_default();
            let why = sample.after.failures.get(name).map(|why| format!("as it was: {why}"));
            grid.row([format!("{of}{name}"), cell(before.get(name)), cell(after.get(name)), why.unwrap_or_default()]);
        }
    }
    out.grid(&mut grid)?;
    Ok(Exit::Done)
}

fn expression(sample: &MappingSample, context: &Context) -> anyhow::Result<Exit> {
    let value = sample.after.fields.get(TRIED).cloned().unwrap_or_default();
    let failure = sample.after.failures.get(TRIED);
    if context.out.json {
        context.out.value(&json!({
            "event": "mapping-test", "account": sample.account, "value": value, "failure": failure, "variables": sample.variables,
        }))?;
    } else if let Some(problem) = failure {
        return Err(Complaint::failed(format!("for account {}: {}", printable(&sample.account), printable(problem)))
            .next("--variables without --value shows what there is")
            .into());
    } else {
        context.out.line(printable(&text(&value)))?;
    }
    Ok(Exit::Done)
}

/// A mapping that only tries an expression.
fn tried(value: &str) -> Mapping {
    let rule = |field: &str, value: &str, key: bool| MappingRule {
        field: field.to_owned(),
        value: value.to_owned(),
        target: Default::default(),
        rows: Default::default(),
        pick: Default::default(),
        default: None,
        required: false,
        key,
    };
    Mapping { rules: vec![rule("key", "user.id", true), rule(TRIED, value, false)] }
}
