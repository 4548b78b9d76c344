//! Each format, read back by a reader of its own.
#![expect(clippy::unwrap_used, reason = "a test that can't be set up has failed")]

use headcount_export::{Aside, Column, ExportError, Format, Options, Row, Table, Writer};
use serde_json::{Value, json};

const TABLE: Table = Table {
    name: "things",
    columns: &[
        Column::text("name"),
        Column::integer("seats"),
        Column::boolean("admin"),
        Column::time("seen-at"),
        Column::structure("list"),
        Column::json_text("attributes"),
    ],
};

/// Names that somebody chose to do harm.
const HOSTILE: [&str; 8] = [
    "=HYPERLINK(\"http://evil\",\"x\")",
    "a,b\"c\r\nd",
    "\u{0}\u{1b}[2J",
    "'; DROP TABLE users; --",
    "\u{202e}gpj.exe",
    "-1+1|cmd",
    "花子 Ł",
    "",
];

fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = HOSTILE
        .iter()
        .map(|name| {
            let row = json!({
                "name": name, "seats": -7, "admin": true, "seen-at": 1_717_200_000_000_001_i64,
                "list": ["a", {"b": 1}], "attributes": "{\"k\":[1,2]}", "unknown": 1,
            });
            row.as_object().unwrap().clone()
        })
        .collect();
    // A row without values, and one whose attributes are no JSON.
    rows.push(Row::new());
    rows.push(json!({ "name": null, "attributes": "{broken" }).as_object().unwrap().clone());
    rows
}

fn written(format: Format, options: Options, rows: &[Row]) -> Vec<u8> {
    let mut writer = Writer::new(format, &TABLE, options, Vec::new()).unwrap();
    for row in rows {
        writer.write(row).unwrap();
    }
    assert_eq!(writer.written(), rows.len() as u64);
    writer.finish().unwrap()
}

#[test]
fn json_lines_read_back_as_they_were() {
    let bytes = written(Format::JsonLines, Options::default(), &rows());
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (line, name) in lines.iter().zip(HOSTILE) {
        let expected = json!({
            "name": name, "seats": -7, "admin": true, "seen-at": "2024-06-01T00:00:00.000001Z",
            "list": ["a", {"b": 1}], "attributes": {"k": [1, 2]},
        });
        assert_eq!(*line, expected);
    }
    assert_eq!(lines[8..], [json!({}), json!({ "attributes": "{broken" })]);
}

#[test]
fn csv_reads_back_raw_and_is_harmless_otherwise() {
    let read = |bytes: &[u8]| -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    };
    let bytes = written(Format::Csv, Options { raw: true }, &rows());
    assert!(bytes.ends_with(b"\r\n"));
    let records = read(&bytes);
    assert_eq!(records[0], ["name", "seats", "admin", "seen-at", "list", "attributes"]);
    for (record, name) in records[1..].iter().zip(HOSTILE) {
        let expected = [name, "-7", "true", "2024-06-01T00:00:00.000001Z", "[\"a\",{\"b\":1}]", "{\"k\":[1,2]}"];
        assert_eq!(record[..], expected);
    }
    assert_eq!(records.len(), 1 + HOSTILE.len() + 2);
    let safe = read(&written(Format::Csv, Options::default(), &rows()));
    for (record, name) in safe[1..].iter().zip(HOSTILE) {
        assert!(!record[0].starts_with(['=', '+', '-', '@']), "{name:?}: {:?}", record[0]);
        assert!(!record[0].chars().any(char::is_control), "{name:?}: {:?}", record[0]);
        assert_eq!(record[1], "-7", "a number stays one");
    }
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_reads_back_with_its_types() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    let bytes = written(Format::Parquet, Options::default(), &rows());
    let path = std::env::temp_dir().join(format!("headcount-export-{}.parquet", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    let reader = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
    std::fs::remove_file(&path).unwrap();
    let read: Vec<Vec<(String, Field)>> = reader.get_row_iter(None).unwrap().map(|row| row.unwrap().into_columns()).collect();
    assert_eq!(read.len(), HOSTILE.len() + 2);
    for (row, name) in read.iter().zip(HOSTILE) {
        assert_eq!(row[0], ("name".to_owned(), Field::Str(name.to_owned())));
        assert_eq!((&row[1].1, &row[2].1), (&Field::Long(-7), &Field::Bool(true)));
        assert_eq!(row[3].1, Field::TimestampMicros(1_717_200_000_000_001));
        assert_eq!(row[5].1, Field::Str("{\"k\":[1,2]}".to_owned()));
    }
    assert!(read[8].iter().all(|(_, field)| *field == Field::Null), "{:?}", read[8]);
}

/// Counts what goes through, and how much at once.
#[derive(Default)]
struct Meter {
    all: usize,
}

impl std::io::Write for Meter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.all += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn rows_go_out_while_others_come_in() {
    for format in Format::ALL {
        let mut writer = match Writer::new(format, &TABLE, Options::default(), Meter::default()) {
            Err(ExportError::NoParquet) => continue,
            begun => begun.unwrap_or_else(|error| panic!("{error}")),
        };
        let row = rows().swap_remove(6);
        for _ in 0..100_000 {
            writer.write(&row).unwrap();
        }
        // Parquet keeps each distinct value once.
        assert!(writer.finish().unwrap().all > 1_000, "{format}");
    }
}

#[test]
fn a_file_is_whole_or_not_there() {
    let folder = std::env::temp_dir().join(format!("headcount-export-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("users.csv");
    std::fs::write(&path, "before").unwrap();
    let mut dropped = Aside::new(&path).unwrap();
    std::io::Write::write_all(&mut dropped, b"half").unwrap();
    drop(dropped);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
    let mut whole = Aside::new(&path).unwrap();
    std::io::Write::write_all(&mut whole, b"whole").unwrap();
    whole.place().unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "whole");
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["users.csv"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(matches!(Aside::new(&folder.join("no/where.csv")), Err(ExportError::File { .. })));
    std::fs::remove_dir_all(&folder).unwrap();
}
