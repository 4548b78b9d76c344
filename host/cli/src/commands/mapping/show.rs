//! `headcount mapping show`.

use headcount::model::mapping::{Pick, Rows, Target};
use headcount::{ConnectionId, MappingRule, MappingSource};
use serde_json::json;

use super::written;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::text;
use crate::table::Grid;

/// Shows a mapping.
pub async fn run(id: &ConnectionId, toml: bool, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let (mapping, source) = tenant.mapping(id).await?;
    let out = context.out;
    if toml {
        out.line(written(&mapping)?.trim_end())?;
        return Ok(Exit::Done);
    }
    let all = headcount::mappings::standard::completed(&mapping);
    if out.json {
        out.value(&json!({ "event": "mapping", "connection": id, "source": source, "rules": all.rules }))?;
        return Ok(Exit::Done);
    }
    out.line(match source {
        MappingSource::Own => format!("{id} has a mapping of its own:"),
        MappingSource::Standard => format!("{id} has its connector's standard mapping:"),
        MappingSource::Usual => format!("{id} has the usual mapping, since its connector ships none:"),
    })?;
    let mut grid = Grid::new(["FIELD", "OF", "VALUE", "FOR EACH", "PICK", "DEFAULT"]).indented(2);
    for rule in &all.rules {
        grid.row(cells(rule));
    }
    out.grid(&mut grid)?;
    out.remark(format!("\nnext: headcount mapping propose {id}, or headcount mapping test {id}"));
    Ok(Exit::Done)
}

fn cells(rule: &MappingRule) -> [String; 6] {
    let mark = if rule.key { " (sync key)" } else { "" };
    let required = if rule.required { ", required" } else { "" };
    let value: Vec<&str> = rule.value.split_whitespace().collect();
    let several = rule.rows == Rows::License;
    [
        format!("{}{mark}", rule.field),
        format!("{}{required}", if rule.target == Target::Person { "person" } else { "account" }),
        value.join(" "),
        if several { "license" } else { "account" }.to_owned(),
        if several { word(rule.pick) } else { "" }.to_owned(),
        rule.default.as_ref().map(text).unwrap_or_default(),
    ]
}

fn word(pick: Pick) -> &'static str {
    match pick {
        Pick::First => "first",
        Pick::Latest => "latest",
        Pick::Any => "any",
        Pick::All => "all",
    }
}
