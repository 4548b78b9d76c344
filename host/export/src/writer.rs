//! A writer of any format.

use std::io::Write;

use crate::{ExportError, Format, Row, Table, csv_rows, json_lines};

/// How rows are written, beyond the format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// CSV cells exactly as they are. By default, those that a spreadsheet would take for formulas get a leading quote, and control
    /// characters are escaped (see [`harmless`](crate::harmless)): a vendor's users choose their names themselves.
    pub raw: bool,
}

/// Writes the rows of one table. Blocks where the sink does.
pub struct Writer<W: Write + Send> {
    table: &'static Table,
    rows: Rows<W>,
    written: u64,
}

enum Rows<W: Write + Send> {
    Lines(W),
    Csv(Box<csv_rows::Rows<W>>),
    #[cfg(feature = "parquet")]
    Parquet(Box<crate::parquet_file::File<W>>),
}

impl<W: Write + Send> Writer<W> {
    /// Begins an export.
    ///
    /// # Errors
    /// The sink can't be written to, or this program was built without Parquet.
    pub fn new(format: Format, table: &'static Table, options: Options, sink: W) -> Result<Self, ExportError> {
        let rows = match format {
            Format::JsonLines => Rows::Lines(sink),
            Format::Csv => Rows::Csv(Box::new(csv_rows::Rows::new(table, options.raw, sink)?)),
            #[cfg(feature = "parquet")]
            Format::Parquet => Rows::Parquet(Box::new(crate::parquet_file::File::new(table, sink)?)),
            #[cfg(not(feature = "parquet"))]
            Format::Parquet => return Err(ExportError::NoParquet),
        };
        Ok(Writer { table, rows, written: 0 })
    }

    /// Writes one row. Values for columns that the table does not have are left out.
    ///
    /// # Errors
    /// The sink can't be written to.
    pub fn write(&mut self, row: &Row) -> Result<(), ExportError> {
        match &mut self.rows {
            Rows::Lines(sink) => json_lines::write(self.table, row, sink)?,
            Rows::Csv(rows) => rows.write(self.table, row)?,
            #[cfg(feature = "parquet")]
            Rows::Parquet(file) => file.write(self.table, row)?,
        }
        self.written += 1;
        Ok(())
    }

    /// How many rows were written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Writes what is left, and gives the sink back.
    ///
    /// # Errors
    /// The sink can't be written to.
    pub fn finish(self) -> Result<W, ExportError> {
        let mut sink = match self.rows {
            Rows::Lines(sink) => sink,
            Rows::Csv(rows) => rows.finish()?,
            #[cfg(feature = "parquet")]
            Rows::Parquet(file) => file.finish()?,
        };
        sink.flush()?;
        Ok(sink)
    }
}
