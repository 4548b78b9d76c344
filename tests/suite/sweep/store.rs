//! What a store holds, without times and what a run used.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::types::ValueRef;
use serde_json::Value;

/// By table: rows in order, as text.
pub type Dump = BTreeMap<String, Vec<String>>;

/// Tables of what runs differ in by nature, and of sessions, which are told apart.
const OTHERS: [&str; 3] = ["audit", "sessions", "session_errors"];
/// What of a session's counters depends on the run. `mapped` counts the fields that the last process made, not those before it.
const USED: [&str; 9] = ["requests", "denied", "retries", "bytes", "cpu-micros", "memory", "budgets", "waited-millis", "mapped"];

/// Columns that tell when. `change` is how far the stream of changes was when accounts began to be mapped: a mapping that begins again
/// finds those of the first beginning in it.
const TIMES: [&str; 3] = ["at", "since", "change"];

/// Everything that the store in this file holds, and what its newest session tells.
pub fn dump(path: &Path) -> Dump {
    let database = rusqlite::Connection::open(path).unwrap();
    let mut statement = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let tables: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut dump = Dump::new();
    for table in tables.iter().filter(|table| !OTHERS.contains(&table.as_str()) && !table.starts_with("sqlite_")) {
        dump.insert(table.clone(), rows(&database, &format!("SELECT * FROM {table}")));
    }
    let newest =
        "SELECT state, counters, scope, failure, notes, ended_at IS NOT NULL, ending FROM sessions ORDER BY id DESC LIMIT 1";
    dump.insert("newest session".to_owned(), rows(&database, newest));
    dump.insert("sessions".to_owned(), rows(&database, "SELECT count(*) FROM sessions"));
    dump
}

fn rows(database: &rusqlite::Connection, sql: &str) -> Vec<String> {
    let mut statement = database.prepare(sql).unwrap();
    let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let kept: Vec<(usize, &str)> = columns
        .iter()
        .map(String::as_str)
        .enumerate()
        .filter(|(_, name)| !TIMES.contains(name) && !name.ends_with("_at"))
        .collect();
    let mut found = statement.query([]).unwrap();
    let mut rows = Vec::new();
    while let Some(row) = found.next().unwrap() {
        let cells = kept.iter().map(|(at, name)| format!("{name}={}", cell(row.get_ref(*at).unwrap())));
        let gone = columns.iter().position(|name| name == "gone_at").map(|at| row.get_ref(at).unwrap() != ValueRef::Null);
        rows.push(cells.chain(gone.map(|gone| format!("gone={gone}"))).collect::<Vec<_>>().join(" | "));
    }
    rows.sort();
    rows
}

fn cell(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) => {
            let text = String::from_utf8_lossy(text);
            serde_json::from_str::<Value>(&text).map_or_else(|_| text.to_string(), |json| timeless(json).to_string())
        }
        other => format!("{other:?}"),
    }
}

/// JSON without times and what a run used; its lists in order, since lists are read at once.
fn timeless(json: Value) -> Value {
    match json {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(name, _)| name != "at" && !USED.contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name, timeless(value))).collect())
        }
        Value::Array(list) => {
            let mut list: Vec<Value> = list.into_iter().map(timeless).collect();
            list.sort_by_key(Value::to_string);
            Value::Array(list)
        }
        other => other,
    }
}

/// Says in which rows two stores differ.
pub fn assert_same(one: &Dump, other: &Dump, when: &str) {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "{when}");
    for (table, rows) in one {
        let expected = &other[table];
        let extra: Vec<_> = rows.iter().filter(|row| !expected.contains(row)).take(3).collect();
        let lacking: Vec<_> = expected.iter().filter(|row| !rows.contains(row)).take(3).collect();
        assert!(rows == expected, "{when}: {table}: there is {extra:#?} in place of {lacking:#?}");
    }
}
