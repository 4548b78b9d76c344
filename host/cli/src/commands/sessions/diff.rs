//! `headcount sessions diff`: what a session changed, or a test run would have, and what of it waits for a person.

use headcount::store::{DiffRow, How};
use headcount::{SessionId, SessionState, Tenant};
use serde_json::{Map, Value};

use super::super::list::{Pages, ShowArgs};
use crate::context::Context;
use crate::output::{self, Column};
use crate::records::grant_words;

/// Which session.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Its number
    pub session: SessionId,
    #[command(flatten)]
    pub show: ShowArgs,
}

const COLUMNS: [Column; 5] = [
    Column::both("what", "WHAT"),
    Column::both("kind", "KIND"),
    Column::both("name", "NAME"),
    Column::both("id", "ID"),
    Column::both("fields", "FIELDS"),
];

/// Shows it.
pub(super) async fn run(args: &Args, tenant: &Tenant, context: &Context) -> anyhow::Result<()> {
    let mut pages = Pages::new(&args.show, COLUMNS, context);
    let mut after = 0;
    let json = context.out.json;
    while let Some(limit) = pages.next_limit() {
        let rows = tenant.diff(args.session, after, limit).await?;
        after = rows.last().map_or(after, |row| row.number);
        pages.write(&rows, |row| object(row, json))?;
    }
    pages.end("changes");
    if tenant.session(args.session).await?.is_some_and(|session| session.state == SessionState::Superseded) {
        context.out.remark("what waited of it is no longer kept: a newer session took its place, or the records are back");
    }
    Ok(())
}

fn object(row: &DiffRow, json: bool) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("what".into(), word(row).into());
    object.insert("kind".into(), row.kind.clone().into());
    object.insert("name".into(), row.name.clone().or_else(|| grant_words(&row.kind, &row.id)).into());
    object.insert("id".into(), row.id.clone().into());
    let fields = if json { serde_json::to_value(&row.fields).unwrap_or_default() } else { in_words(row).into() };
    object.insert("fields".into(), fields);
    object
}

/// `updated`; `held: missing`; where all of it waits, `held: updated`.
fn word(row: &DiffRow) -> String {
    match (row.what, row.held) {
        (Some(what), Some(_)) => format!("held: {}", what.as_str()),
        (Some(what), None) => what.as_str().to_owned(),
        (None, Some(how)) => format!("held: {}", meaning(how)),
        (None, None) => String::new(),
    }
}

fn meaning(how: How) -> &'static str {
    match how {
        How::Missing => "missing",
        How::Gone => "gone at the vendor",
        How::Follows => "goes with what it connects",
        How::Inactive => "newly inactive",
        How::Rekeyed => "another e-mail address",
        How::Foreign => "of another organisation",
    }
}

/// `status: active → suspended; title: (none) → Dr`.
fn in_words(row: &DiffRow) -> String {
    let shown = |value: &Value| match output::text(value) {
        text if text.is_empty() => "(none)".to_owned(),
        text => text,
    };
    let parts = row.fields.iter().map(|(name, [old, new])| format!("{name}: {} → {}", shown(old), shown(new)));
    parts.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_and_what_changed_read_as_sentences() {
        let row = |what, held| DiffRow {
            number: 1,
            kind: "user".into(),
            id: "7".into(),
            what,
            held,
            name: Some("Ana".into()),
            fields: [("status".to_owned(), [Value::Null, Value::from("suspended")])].into(),
        };
        assert_eq!(word(&row(Some(headcount::store::What::Updated), None)), "updated");
        assert_eq!(word(&row(Some(headcount::store::What::Updated), Some(How::Foreign))), "held: updated");
        assert_eq!(word(&row(None, Some(How::Inactive))), "held: newly inactive");
        assert_eq!(in_words(&row(None, None)), "status: (none) → suspended");
    }
}
