//! JSON Lines: one object a line, its fields in the table's order.

use std::io::Write;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::table::text;
use crate::{ColumnKind, ExportError, Row, Table};

/// A row as it is written.
struct Line<'a>(&'a Table, &'a Row);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Line(table, row) = self;
        let mut object = serializer.serialize_map(None)?;
        for column in table.columns {
            match (column.kind, row.get(column.name)) {
                (_, None | Some(Value::Null)) => {}
                (ColumnKind::Time, value) => object.serialize_entry(column.name, &text(column.kind, value))?,
                // What is no JSON stays text.
                (ColumnKind::JsonText, Some(Value::String(json))) => match serde_json::from_str::<Value>(json) {
                    Ok(value) => object.serialize_entry(column.name, &value)?,
                    Err(_) => object.serialize_entry(column.name, json)?,
                },
                (_, Some(value)) => object.serialize_entry(column.name, value)?,
            }
        }
        object.end()
    }
}

pub(crate) fn write(table: &Table, row: &Row, sink: &mut impl Write) -> Result<(), ExportError> {
    let mut line = serde_json::to_vec(&Line(table, row)).map_err(std::io::Error::from)?;
    line.push(b'\n');
    Ok(sink.write_all(&line)?)
}
