//! CSV as RFC 4180 has it: lines end in CR LF, cells with commas, quotes or line ends are quoted, quotes are doubled.

use std::io::Write;

use csv::Terminator;
use headcount_model::printable;

use crate::table::text;
use crate::{Column, ColumnKind, ExportError, Row, Table};

/// Rows on their way into CSV.
pub(crate) struct Rows<W: Write> {
    writer: csv::Writer<W>,
    raw: bool,
}

impl<W: Write> Rows<W> {
    /// Writes the header.
    pub(crate) fn new(table: &Table, raw: bool, sink: W) -> Result<Self, ExportError> {
        let mut writer = csv::WriterBuilder::new().terminator(Terminator::CRLF).from_writer(sink);
        writer.write_record(table.columns.iter().map(|column| column.name))?;
        Ok(Rows { writer, raw })
    }

    pub(crate) fn write(&mut self, table: &Table, row: &Row) -> Result<(), ExportError> {
        let raw = self.raw;
        Ok(self.writer.write_record(table.columns.iter().map(|column| cell(column, row, raw)))?)
    }

    pub(crate) fn finish(self) -> Result<W, ExportError> {
        self.writer.into_inner().map_err(|error| ExportError::Output(error.into_error()))
    }
}

fn cell(column: &Column, row: &Row, raw: bool) -> String {
    let text = text(column.kind, row.get(column.name)).unwrap_or_default();
    // A number or a time is what it is: a minus before it makes no formula of it.
    let plain = matches!(column.kind, ColumnKind::Integer | ColumnKind::Boolean | ColumnKind::Time);
    if raw || plain { text } else { harmless(&text) }
}

/// A cell that no spreadsheet takes for a formula, and no terminal for a command: what would begin one gets a leading quote, also behind
/// a semicolon, and control characters are escaped.
///
/// ```
/// assert_eq!(headcount_export::harmless("=HYPERLINK(1)"), "'=HYPERLINK(1)");
/// assert_eq!(headcount_export::harmless("Ana = Maria"), "Ana = Maria");
/// ```
pub fn harmless(cell: &str) -> String {
    let shown = printable(cell);
    let mut text = String::with_capacity(shown.len() + 1);
    if is_formula(cell.trim_start()) || cell.starts_with(['\t', '\r', '\n']) {
        text.push('\'');
    }
    // Where the semicolon parts cells, what comes after one is a cell; quotes that don't begin at one count for nothing.
    for (at, part) in shown.split(';').enumerate() {
        if at > 0 {
            text.push(';');
            if is_formula(part.trim_start_matches(|c: char| c.is_whitespace() || c == '"')) {
                text.push('\'');
            }
        }
        text.push_str(part);
    }
    text
}

/// Spreadsheets trim what is before a formula, and some take full-width signs for the plain ones.
fn is_formula(trimmed: &str) -> bool {
    trimmed.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_begins_a_formula_is_quoted() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "\u{a0}=1"] {
            assert!(harmless(formula).starts_with('\''), "{formula:?}");
        }
        for text in ["Ana", "a=b", "ana-maria@x.example", "", "'=1", "a; b", "a;b=1", ";"] {
            assert_eq!(harmless(text), text);
        }
        assert_eq!(harmless("a\u{1b}[31m"), "a\\u{1b}[31m");
    }

    #[test]
    fn nothing_begins_a_formula_where_semicolons_part_cells() {
        assert_eq!(harmless("Ana;=HYPERLINK(1)"), "Ana;'=HYPERLINK(1)");
        assert_eq!(harmless("=1; -2;x;\"@3;＝4"), "'=1;' -2;x;'\"@3;'＝4");
    }
}
