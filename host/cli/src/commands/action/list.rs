//! The actions of a connection, with their input forms.

use headcount::model::printable;
use headcount::{ConnectionId, Form, Offered, Tenant};
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::output::text;
use crate::table::Grid;

/// Lists what a connection offers.
pub async fn list(connection: &ConnectionId, tenant: &Tenant, context: &Context) -> anyhow::Result<Exit> {
    let offered = tenant.actions(connection).await?;
    let out = context.out;
    if out.json {
        for Offered { action, form, permission } in &offered {
            let mut value = json!(action);
            value["form"] = json!(form);
            value["permitted"] = json!(permission.is_given());
            value["permission"] = json!(permission.to_string());
            out.value(&value)?;
        }
        return Ok(Exit::Done);
    }
    if offered.is_empty() {
        out.remark("this connector only reads: it has no actions");
    }
    for Offered { action, form, permission } in &offered {
        let nature = match (action.destructive, action.read_only) {
            (true, _) => "  (takes something away)",
            (_, true) => "  (only reads)",
            _ => "",
        };
        out.line(format!("{}  {}{nature}", printable(&action.name), printable(&action.label)))?;
        if !action.description.is_empty() {
            out.line(format!("  {}", printable(&action.description)))?;
        }
        if !action.read_only {
            let word = if permission.is_given() { "" } else { "not permitted: " };
            out.line(format!("  {word}{}", printable(&permission.to_string())))?;
        }
        out.grid(&mut fields(form))?;
        if !form.alternatives.is_empty() {
            let sets: Vec<String> = form.alternatives.iter().map(|set| set.join(" and ")).collect();
            out.line(format!("  needs {}", printable(&sets.join(", or "))))?;
        }
        out.line("")?;
    }
    Ok(Exit::Done)
}

fn fields(form: &Form) -> Grid {
    let mut grid = Grid::new(["INPUT", "WHAT", "TYPE", "NEEDED", "DEFAULT", "MORE"]).indented(2);
    for field in &form.fields {
        let choices: Vec<String> = field.choices.iter().map(text).collect();
        let kind = if choices.is_empty() { text(&json!(field.kind)) } else { choices.join(" | ") };
        let needed = if field.needed { "yes" } else { "no" };
        let mut more = field.description.clone();
        if let Some(example) = &field.example {
            more = format!("{more} (like {})", text(example)).trim_start().to_owned();
        }
        let default = field.default.as_ref().map(text).unwrap_or_default();
        grid.row([field.name.clone(), field.title.clone(), kind, needed.to_owned(), default, more]);
    }
    grid
}
