//! `headcount action`: changes something at a vendor, at most once.

use headcount::ConnectionId;
use headcount::model::manifest::Action;
use headcount::model::{Outcome, printable};
use serde_json::{Map, Value, json};

use crate::ask;
use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::output::text;
use crate::pairs::Pair;
use crate::records;
use crate::table::Grid;

/// Which action.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The connection
    pub connection: ConnectionId,
    /// The action; left out, the actions are listed
    pub action: Option<String>,
    /// The input, a JSON object
    #[arg(long, value_name = "JSON", conflicts_with = "set")]
    pub input: Option<String>,
    /// One field of the input; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<Pair>,
    /// Do not ask before something is taken away
    #[arg(long)]
    pub yes: bool,
}

/// Does an action, or lists what there is.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let (connection, manifest) = tenant.connection_and_manifest(&args.connection).await?;
    let Some(name) = &args.action else {
        list(&manifest.actions, context)?;
        return Ok(Exit::Done);
    };
    let Some(action) = manifest.action(name) else {
        return Err(Complaint::not_found(format!("{} has no action {name}", manifest.name))
            .next(format!("headcount action {} lists what there is", connection.id))
            .into());
    };
    let input = match &args.input {
        Some(text) => serde_json::from_str(text).map_err(|error| Complaint::usage(format!("--input is not JSON: {error}")))?,
        None => Value::Object(fields(action, &args.set)),
    };
    if action.destructive && !args.yes {
        if !context.can_ask() {
            return Err(Complaint::usage(format!("{name} takes something away, and nobody can be asked"))
                .next("add --yes")
                .into());
        }
        context.out.remark(format!(
            "{} in {} ({}): {}",
            action.label,
            connection.name,
            connection.id,
            printable(&input.to_string())
        ));
        if !ask::yes("This takes something away at the vendor. Do it?").await? {
            context.out.remark("nothing was done");
            return Ok(Exit::Cancelled);
        }
    }
    let outcome = tenant.act(&connection.id, name, &input).await?;
    show(&outcome, context)?;
    Ok(Exit::Done)
}

/// `--set` values, read as the schema's types say: text stays text, anything else is JSON where it can be.
fn fields(action: &Action, pairs: &[Pair]) -> Map<String, Value> {
    let schema = |key: &str| action.input.get("properties").and_then(|properties| properties.get(key));
    let read = |pair: &Pair| {
        let is_text = schema(&pair.key).and_then(|schema| schema.get("type")).is_none_or(|kind| kind == "string");
        let parsed = if is_text { None } else { serde_json::from_str(&pair.value).ok() };
        parsed.unwrap_or_else(|| Value::String(pair.value.clone()))
    };
    pairs.iter().map(|pair| (pair.key.clone(), read(pair))).collect()
}

fn list(actions: &[Action], context: &Context) -> std::io::Result<()> {
    let out = context.out;
    if out.json {
        return actions.iter().try_for_each(|action| out.value(&json!(action)));
    }
    if actions.is_empty() {
        out.remark("this connector only reads: it has no actions");
    }
    for action in actions {
        let nature = match (action.destructive, action.read_only) {
            (true, _) => "  (takes something away)",
            (_, true) => "  (only reads)",
            _ => "",
        };
        out.line(format!("{}  {}{nature}", printable(&action.name), printable(&action.label)))?;
        if !action.description.is_empty() {
            out.line(format!("  {}", printable(&action.description)))?;
        }
        let required: Vec<String> =
            action.input.get("required").and_then(Value::as_array).into_iter().flatten().map(text).collect();
        let mut grid = Grid::new(["INPUT", "TYPE", "NEEDED", "WHAT"]).indented(2);
        for (name, schema) in action.input.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let field = |key: &str| schema.get(key).map(text).unwrap_or_default();
            let kind = if schema.get("enum").is_some() { field("enum") } else { field("type") };
            let needed = if required.contains(name) { "yes" } else { "no" };
            grid.row([name.clone(), kind, needed.to_owned(), field("description")]);
        }
        out.grid(&mut grid)?;
        out.line("")?;
    }
    Ok(())
}

fn show(outcome: &Outcome, context: &Context) -> std::io::Result<()> {
    let out = context.out;
    if out.json {
        return out.value(&json!({
            "summary": outcome.summary,
            "records": records::of_page(&outcome.records).into_iter().map(|(_, record)| record).collect::<Vec<_>>(),
            "gone": outcome.gone,
            "gone-grants": outcome.gone_grants.iter().map(records::of).collect::<Vec<_>>(),
            "output": outcome.output.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok()),
        }));
    }
    out.line(printable(&outcome.summary))?;
    for (kind, record) in records::of_page(&outcome.records) {
        let name = ["display-name", "name", "product-name"].iter().find_map(|key| record.get(*key)).map(text).unwrap_or_default();
        let id = record.get("id").or(record.get("target")).map(text).unwrap_or_default();
        out.line(format!("  changed  {kind} {} {}", printable(&id), printable(&name)))?;
    }
    for reference in &outcome.gone {
        out.line(format!("  gone     {reference}"))?;
    }
    for grant in &outcome.gone_grants {
        out.line(format!("  no longer held: {} by {}", grant.target, grant.principal))?;
    }
    match &outcome.output {
        Some(output) => out.line(format!("  {}", printable(output))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_the_schemas_types() {
        let input = json!({"properties": {"id": {"type": "string"}, "count": {"type": "integer"}, "force": {"type": "boolean"}}});
        let action: Action = serde_json::from_value(json!({"name": "a", "label": "A", "input": input})).unwrap();
        let pairs: Vec<Pair> = ["id=007", "count=3", "force=true", "other=5", "count=x"].map(|text| text.parse().unwrap()).into();
        let fields = fields(&action, pairs.get(..4).unwrap());
        assert_eq!(Value::Object(fields), json!({"id": "007", "count": 3, "force": true, "other": "5"}));
        // What does not fit is passed on as text: the schema's own check has the better words.
        assert_eq!(super::fields(&action, pairs.get(4..).unwrap())["count"], json!("x"));
    }
}
