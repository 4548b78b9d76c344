//! Output formats: tables for people, JSON lines and CSV for programs. Results go to standard output, remarks to standard error.

use std::io::{self, Write};

use headcount::model::printable;
use serde_json::{Map, Value};

use crate::table::Grid;

/// Where results go.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    /// JSON lines instead of tables.
    pub json: bool,
}

impl Out {
    /// Writes text and a newline to standard output. Vendors' text in it must be printable already.
    ///
    /// # Errors
    /// Standard output can't be written to.
    pub fn line(self, text: impl AsRef<str>) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(text.as_ref().as_bytes())?;
        stdout.write_all(b"\n")
    }

    /// Writes one JSON line.
    ///
    /// # Errors
    /// Standard output can't be written to.
    pub fn value(self, value: &Value) -> io::Result<()> {
        self.line(value.to_string())
    }

    /// Writes a table; nothing when it has no rows.
    ///
    /// # Errors
    /// Standard output can't be written to.
    pub fn grid(self, grid: &mut Grid) -> io::Result<()> {
        if grid.is_empty() { Ok(()) } else { self.line(grid.render()) }
    }

    /// Tells a person something on standard error, unless programs are reading.
    pub fn remark(self, text: impl AsRef<str>) {
        if !self.json {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
        }
    }
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A table for people.
    Table,
    /// One JSON object a line.
    Json,
    /// Comma-separated values with a header line.
    Csv {
        /// Cells as the vendor sent them, formulas and control characters too.
        raw: bool,
    },
}

/// One column of a sheet.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The field of the row's object.
    pub key: &'static str,
    /// What the table calls it; none keeps it to CSV.
    pub title: Option<&'static str>,
    /// What the table shows when there is no value.
    pub otherwise: &'static str,
}

impl Column {
    /// A column of tables and CSV.
    pub const fn both(key: &'static str, title: &'static str) -> Self {
        Column { key, title: Some(title), otherwise: "" }
    }

    /// A column of CSV alone.
    pub const fn csv(key: &'static str) -> Self {
        Column { key, title: None, otherwise: "" }
    }

    /// The same column, with something to show when there is no value.
    pub const fn otherwise(self, text: &'static str) -> Self {
        Column { otherwise: text, ..self }
    }
}

/// Rows on their way out, in portions, so that a million of them need no memory.
pub struct Sheet {
    columns: Vec<Column>,
    format: Format,
    out: Out,
    grid: Grid,
    begun: bool,
}

impl Sheet {
    /// A sheet without rows.
    pub fn new(columns: impl IntoIterator<Item = Column>, format: Format, out: Out) -> Self {
        let columns: Vec<Column> = columns.into_iter().collect();
        let grid = Grid::new(columns.iter().filter_map(|column| column.title));
        Sheet { columns, format, out, grid, begun: false }
    }

    /// Writes some rows.
    ///
    /// # Errors
    /// Standard output can't be written to.
    pub fn rows(&mut self, rows: &[Map<String, Value>]) -> io::Result<()> {
        let first = !std::mem::replace(&mut self.begun, true);
        match self.format {
            Format::Json => {
                let mut lines = String::new();
                for row in rows {
                    lines.push_str(&serde_json::to_string(row)?);
                    lines.push('\n');
                }
                io::stdout().lock().write_all(lines.as_bytes())
            }
            Format::Csv { raw } => {
                let mut writer = csv::Writer::from_writer(Vec::new());
                if first {
                    writer.write_record(self.columns.iter().map(|column| column.key))?;
                }
                for row in rows {
                    let cell = |column: &Column| {
                        let text = row.get(column.key).map(text).unwrap_or_default();
                        if raw { text } else { harmless(&text) }
                    };
                    writer.write_record(self.columns.iter().map(cell))?;
                }
                let bytes = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
                io::stdout().lock().write_all(&bytes)
            }
            Format::Table => {
                for row in rows {
                    let shown = self.columns.iter().filter(|column| column.title.is_some());
                    self.grid.row(shown.map(|column| match row.get(column.key) {
                        None | Some(Value::Null) => column.otherwise.to_owned(),
                        Some(value) => text(value),
                    }));
                }
                if self.grid.is_empty() {
                    return Ok(());
                }
                let text = if first { self.grid.render() } else { self.grid.render_more() };
                self.grid.forget_rows();
                self.out.line(text)
            }
        }
    }
}

/// A value as a cell: references as `kind:id`, lists divided by commas.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(object) => match (object.get("kind"), object.get("id")) {
            (Some(kind), Some(id)) if object.len() == 2 => format!("{}:{}", text(kind), text(id)),
            _ => value.to_string(),
        },
    }
}

/// A cell that no spreadsheet takes for a formula, and no terminal for a command.
pub fn harmless(cell: &str) -> String {
    let shown = printable(cell);
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{shown}") } else { shown.into_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cells_that_would_be_formulas_are_neutralised() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert!(harmless(formula).starts_with('\''), "{formula:?}");
        }
        assert_eq!(harmless("Ana = Maria"), "Ana = Maria");
        assert_eq!(harmless("a\u{1b}[31m"), "a\\u{1b}[31m");
    }

    #[test]
    fn values_read_as_people_write_them() {
        assert_eq!(text(&json!({"kind": "group", "id": "7"})), "group:7");
        assert_eq!(text(&json!(["a", true, 3, null])), "a, yes, 3, ");
        assert_eq!(text(&json!({"kind": "group", "id": "7", "more": 1})), r#"{"id":"7","kind":"group","more":1}"#);
    }
}
