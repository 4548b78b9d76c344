//! `headcount mapping preview`: what a mapping would change, the first of it or all of it.

use std::path::PathBuf;

use headcount::{ConnectionId, FieldChange, Remapped};
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::exit::Exit;
use crate::output::{Column, Format, Sheet, text};
use crate::table::Grid;
use crate::words::number;

/// A mapping in a file, and how much of what it changes is shown.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The connection
    pub connection: ConnectionId,
    /// The file, TOML, as `show --toml` writes it; without one, the connector's standard mapping
    pub file: Option<PathBuf>,
    /// Every change, rather than the first ten; with --json every one is told in any case
    #[arg(long)]
    pub all: bool,
    /// Every change as comma-separated values; cells that a spreadsheet would take for formulas get a leading quote
    #[arg(long, conflicts_with_all = ["all", "json"])]
    pub csv: bool,
    /// With --csv: cells exactly as they are
    #[arg(long, requires = "csv")]
    pub raw: bool,
}

/// Shows what a mapping would change: all of it, or the first of it.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let mapping = super::chosen(args.file.as_ref()).await?;
    let (id, out) = (&args.connection, context.out);
    let format = match (out.json, args.csv) {
        (_, true) => Format::Csv { raw: args.raw },
        (true, false) => Format::Json,
        (false, false) if args.all => Format::Table,
        (false, false) => {
            let would = tenant.preview_mapping(id, mapping.as_ref()).await?;
            let file = args.file.as_ref().map(|file| format!(" {}", file.display())).unwrap_or_default();
            let all = format!("headcount mapping preview {id}{file} --all");
            tell(&would, "would change", "mapping-preview", id, Examples::And(&all), context)?;
            return Ok(Exit::Done);
        }
    };
    let mut sheet = Sheet::new(COLUMNS, format, out);
    // CSV has its header even where nothing changes.
    let mut written = if args.csv { sheet.rows(&[]) } else { Ok(()) };
    let mut each = |changes: &[FieldChange]| {
        if written.is_ok() {
            written = sheet.rows(&changes.iter().map(of_change).collect::<Vec<_>>());
        }
    };
    let would = tenant.preview_mapping_changes(id, mapping.as_ref(), &mut each).await?;
    written?;
    if args.csv {
        out.remark(sentence(&would, "would change", id));
        warnings(&would, id).into_iter().for_each(|warning| out.remark(warning));
    } else {
        tell(&would, "would change", "mapping-preview", id, Examples::None, context)?;
    }
    Ok(Exit::Done)
}

const COLUMNS: [Column; 4] = [
    Column::both("account", "ACCOUNT"),
    Column::both("field", "FIELD"),
    Column::both("before", "BEFORE"),
    Column::both("after", "AFTER"),
];

fn of_change(change: &FieldChange) -> Map<String, Value> {
    let mut row = match json!(change) {
        Value::Object(row) => row,
        _ => Map::new(),
    };
    row.insert("event".to_owned(), "mapping-change".into());
    row
}

/// Examples that are shown.
const EXAMPLES: usize = 10;

/// What is shown of single changes.
pub(super) enum Examples<'a> {
    /// The first, and this shows every one.
    And(&'a str),
    /// The first.
    Alone,
    /// Every one was shown.
    None,
}

/// What of a change asks for a second look, in sentences.
fn warnings(told: &Remapped, id: &ConnectionId) -> Vec<String> {
    let mut warnings = Vec::new();
    if told.keys > 0 {
        warnings.push(format!("{} accounts get another sync key: they may become another person's", number(told.keys)));
    }
    if told.shared_keys > 0 {
        warnings.push(format!("{} accounts share their sync key with another one of {id}", number(told.shared_keys)));
    }
    for (field, why) in &told.failures {
        let failed = number(told.counters.failed.get(field).copied().unwrap_or(0));
        warnings.push(format!("{field} can't be made for {failed} accounts, and stays as it was: {why}"));
    }
    warnings
}

fn sentence(told: &Remapped, verb: &str, id: &ConnectionId) -> String {
    let (changed, accounts) = (number(told.counters.changed), number(told.counters.accounts));
    format!("the mapping {verb} {changed} of {accounts} accounts of {id}")
}

/// What a mapping changes, in a table and a few sentences.
pub(super) fn tell(
    told: &Remapped,
    verb: &str,
    event: &str,
    id: &ConnectionId,
    shown: Examples<'_>,
    context: &Context,
) -> anyhow::Result<()> {
    let out = context.out;
    if out.json {
        out.value(&json!({
            "event": event, "connection": id, "accounts": told.counters.accounts, "changed": told.counters.changed,
            "keys": told.keys, "shared-keys": told.shared_keys, "fields": told.fields, "failed": told.counters.failed,
            "failures": told.failures, "examples": told.examples,
        }))?;
        return Ok(());
    }
    out.line(sentence(told, verb, id))?;
    let mut fields = Grid::new(["FIELD", "ACCOUNTS"]).indented(2);
    for (field, count) in &told.fields {
        fields.row([field.clone(), number(*count)]);
    }
    out.grid(&mut fields)?;
    let mut examples = Grid::new(["ACCOUNT", "FIELD", "BEFORE", "AFTER"]).indented(2);
    let few = if matches!(shown, Examples::None) { 0 } else { EXAMPLES };
    for change in told.examples.iter().take(few) {
        examples.row([change.account.clone(), change.field.clone(), text(&change.before), text(&change.after)]);
    }
    if !examples.is_empty() {
        out.line("for example:")?;
        out.grid(&mut examples)?;
    }
    let total = told.fields.values().sum::<u64>();
    if let (Examples::And(all), true) = (shown, total > EXAMPLES as u64) {
        out.line(format!("these are {EXAMPLES} of {} changes: {all} shows every one", number(total)))?;
    }
    for warning in warnings(told, id) {
        out.line(warning)?;
    }
    Ok(())
}
