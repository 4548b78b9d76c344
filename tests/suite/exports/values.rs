//! Every collection, in every format, is read back with its values: CSV by hand, Parquet by its own library.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use headcount::store::{Filter, NoticeFilter};
use headcount::{ActionFilter, ActionRequest, Collection, ConnectionId, Kind, Timestamp};
use headcount_tests::Lab;
use headcount_vendors::{Fault, Rule, Vendor};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{csv_records, headcount, lines};

/// One row: what has no value is not in it.
type Cells = BTreeMap<String, Value>;

/// A laboratory with something in every collection.
pub(super) async fn full() -> Lab {
    let lab = Lab::new(80).await.unwrap();
    for vendor in [Vendor::JumpCloud, Vendor::JetBrains, Vendor::Kandji] {
        lab.connect_and_sync(vendor).await.unwrap();
    }
    // Removals that wait, of which people are told, and a decision about them.
    let body = r#"{"count":0,"next":null,"previous":null,"results":[]}"#.to_owned();
    let fault = Fault::Status { status: 200, content_type: "application/json".into(), body };
    lab.servers.faults(Vendor::Kandji).set(Rule::always("/api/v1/users", fault));
    let held = lab.sync(&"kandji".parse().unwrap()).await.unwrap().session;
    headcount(&lab, &["sessions", "reject", &held.to_string(), "--as", "ana", "--reason", "=their \"API\", was ill", "--yes"]);
    // One action that reads and one that is not permitted.
    let id: ConnectionId = "jetbrains".parse().unwrap();
    let email = lab.servers.truth(Vendor::JetBrains).users[0].id.clone();
    let look = ActionRequest::new("licenses-of-user", json!({ "email": email }), "ana@acme.example").because("=1+1");
    lab.acme.act(&id, &look).await.unwrap();
    let revoke = ActionRequest::new("revoke-license", json!({ "email": email }), "bo@acme.example").key("k-1");
    lab.acme.act(&id, &revoke).await.unwrap_err();
    lab
}

#[tokio::test(flavor = "multi_thread")]
async fn every_collection_is_exported_whole_in_every_format() {
    let lab = full().await;
    let folder = TempDir::new().unwrap();
    let mut read: BTreeMap<&str, BTreeMap<String, Vec<Cells>>> = BTreeMap::new();
    for format in ["jsonl", "csv", "parquet"] {
        let path = folder.path().join(format);
        headcount(&lab, &["export", "all", "--format", format, "--raw", "--output", path.to_str().unwrap()]);
        let about: Value = serde_json::from_slice(&std::fs::read(path.join("export.json")).unwrap()).unwrap();
        let told = about["collections"].as_object().unwrap();
        let all: Vec<&str> = Collection::ALL.iter().map(|collection| collection.as_str()).collect();
        assert!(told.len() == all.len() && all.iter().all(|collection| told.contains_key(*collection)), "{told:?}");
        for (collection, about) in told {
            let file = path.join(about["file"].as_str().unwrap());
            let columns: Vec<String> =
                collection.parse::<Collection>().unwrap().table().columns.iter().map(|column| column.name.to_owned()).collect();
            let rows = match format {
                "jsonl" => json_lines(&file, &columns),
                "csv" => comma_separated(&file, &columns),
                _ => from_parquet(&file, &columns),
            };
            assert_eq!(about["rows"].as_u64(), Some(rows.len() as u64), "{format} {collection}");
            assert!(!rows.is_empty(), "{format} {collection}");
            read.entry(format).or_default().insert(collection.clone(), rows);
        }
        // Nothing of the writing is left.
        let names: Vec<String> =
            std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert!(names.len() == all.len() + 1 && names.iter().all(|name| !name.starts_with('.')), "{names:?}");
        // Whoever goes on from the export finds what comes after it.
        let cursor = about["cursor"].to_string();
        assert!(lines(&headcount(&lab, &["--json", "changes", "--after", &cursor]).stdout).is_empty());
    }
    for (collection, rows) in &read["jsonl"] {
        for format in ["csv", "parquet"] {
            let others = &read[format][collection];
            assert_eq!(rows.len(), others.len(), "{format} {collection}");
            for (row, other) in rows.iter().zip(others) {
                let row = if format == "csv" { of_text(row, other) } else { row.clone() };
                assert_eq!(row, *other, "{format} {collection}");
            }
        }
    }
    as_the_store_has_them(&lab, &read["jsonl"]).await;
    for (collection, connection, rows) in
        [("decisions", "kandji", 1), ("decisions", "jetbrains", 0), ("actions", "jetbrains", 2), ("actions", "kandji", 0)]
    {
        let one = headcount(&lab, &["export", collection, "--connection", connection, "--output", "-"]);
        assert_eq!(lines(&one.stdout).len(), rows, "{collection} of {connection}");
    }
}

/// A row as CSV can have it: everything is text, and none is no different from an empty one.
fn of_text(row: &Cells, other: &Cells) -> Cells {
    let filled = row.iter().filter(|(_, value)| **value != "");
    let cell = |(name, value): (&String, &Value)| {
        let text = match (value, other.get(name)) {
            (Value::String(text), _) => text.clone(),
            // The fields of a structure have no order.
            (Value::Object(_) | Value::Array(_), Some(Value::String(cell)))
                if serde_json::from_str::<Value>(cell).unwrap() == *value =>
            {
                cell.clone()
            }
            _ => value.to_string(),
        };
        (name.clone(), json!(text))
    };
    filled.map(cell).collect()
}

/// What the files say is what the host answers and the vendors hold.
async fn as_the_store_has_them(lab: &Lab, read: &BTreeMap<String, Vec<Cells>>) {
    let column = |collection: &str, name: &str| -> Vec<Value> {
        read[collection].iter().map(|row| row.get(name).cloned().unwrap_or_default()).collect()
    };
    for kind in Kind::ALL {
        let filter = Filter { limit: 100_000, ..Filter::default() };
        let stored = lab.acme.store().list(lab.acme.id(), kind, &filter).await.unwrap();
        let name = Collection::ALL.map(Collection::as_str).into_iter().find(|name| name.trim_end_matches('s') == kind.as_str());
        let collection = name.unwrap();
        let keys: Vec<Value> = stored.iter().map(|row| json!(row.key)).collect();
        assert_eq!(column(collection, if kind == Kind::Grant { "key" } else { "id" }), keys, "{collection}");
        let seen: Vec<Value> = stored.iter().map(|row| json!(row.first_seen_at.to_string())).collect();
        assert_eq!(column(collection, "first-seen-at"), seen, "{collection}");
    }
    let truth = lab.servers.truth(Vendor::JetBrains);
    let of_jetbrains = read["licenses"].iter().filter(|row| row["connection"] == "jetbrains").count();
    assert_eq!(of_jetbrains, truth.licenses.len());
    assert_eq!((read["connections"].len(), read["links"].len()), (3, read["users"].len()));

    let runs = lab.acme.action_runs(&ActionFilter::default()).await.unwrap();
    assert_eq!(column("actions", "id"), runs.iter().map(|run| json!(run.id)).collect::<Vec<_>>());
    assert_eq!(column("actions", "state"), ["forbidden", "done"]);
    assert_eq!(column("actions", "requested-by"), ["bo@acme.example", "ana@acme.example"]);
    assert_eq!(column("actions", "why"), [Value::Null, json!("=1+1")]);
    assert_eq!(column("actions", "input"), runs.iter().map(|run| run.asked.input.clone()).collect::<Vec<_>>());
    assert_eq!(column("actions", "output"), runs.iter().map(|run| run.output.clone().unwrap_or_default()).collect::<Vec<_>>());

    let decision = &read["decisions"][0];
    let said = (&decision["verdict"], &decision["person"], &decision["reason"]);
    assert_eq!(said, (&json!("rejected"), &json!("ana"), &json!("=their \"API\", was ill")));

    let notices = lab.acme.store().notices(lab.acme.id(), &NoticeFilter::default()).await.unwrap();
    assert_eq!(column("notices", "what"), notices.iter().map(|notice| json!(notice.what)).collect::<Vec<_>>());
    assert!(column("notices", "cause").contains(&json!("held")), "{notices:?}");
}

fn json_lines(file: &Path, columns: &[String]) -> Vec<Cells> {
    let rows: Vec<Cells> =
        lines(&std::fs::read(file).unwrap()).into_iter().map(|line| serde_json::from_value(line).unwrap()).collect();
    assert!(rows.iter().flat_map(BTreeMap::keys).all(|name| columns.contains(name)));
    rows
}

fn comma_separated(file: &Path, columns: &[String]) -> Vec<Cells> {
    let mut records = csv_records(&std::fs::read(file).unwrap());
    assert_eq!(records.remove(0), columns);
    let cells = |record: Vec<String>| {
        assert_eq!(record.len(), columns.len());
        let filled = columns.iter().cloned().zip(record).filter(|(_, cell)| !cell.is_empty());
        filled.map(|(name, cell)| (name, json!(cell))).collect()
    };
    records.into_iter().map(cells).collect()
}

fn from_parquet(file: &Path, columns: &[String]) -> Vec<Cells> {
    let reader = SerializedFileReader::new(File::open(file).unwrap()).unwrap();
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let names: Vec<String> = schema.columns().iter().map(|column| column.name().to_owned()).collect();
    assert_eq!(names, columns);
    let is_json: Vec<bool> =
        schema.columns().iter().map(|column| column.converted_type() == parquet::basic::ConvertedType::JSON).collect();
    let value = |field: &Field, is_json: bool| match field {
        Field::Null => None,
        Field::Str(text) if is_json => Some(serde_json::from_str(text).unwrap()),
        Field::Str(text) => Some(json!(text)),
        Field::Long(number) => Some(json!(number)),
        Field::Bool(flag) => Some(json!(flag)),
        Field::TimestampMicros(micros) => Some(json!(Timestamp::from_micros(*micros).to_string())),
        other => panic!("{other:?}"),
    };
    let cells = |row: parquet::record::Row| {
        let values = row.get_column_iter().zip(&is_json);
        values.filter_map(|((name, field), is_json)| Some((name.clone(), value(field, *is_json)?))).collect()
    };
    reader.get_row_iter(None).unwrap().map(|row| cells(row.unwrap())).collect()
}
