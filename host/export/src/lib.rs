//! Writes collections and changes as JSON Lines, CSV and Parquet.
//!
//! Rows go in, bytes come out, and memory does not grow with their number. A [`Table`] says which columns a collection has; a row is
//! an object with values for them. Knows neither where rows come from nor what they mean.
//!
//! ```
//! use headcount_export::{Column, Format, Options, Table, Writer};
//! use serde_json::json;
//!
//! const PEOPLE: Table = Table { name: "people", columns: &[Column::text("name"), Column::time("seen-at")] };
//! let mut writer = Writer::new(Format::Csv, &PEOPLE, Options::default(), Vec::new())?;
//! writer.write(json!({ "name": "=1+1", "seen-at": 0 }).as_object().unwrap())?;
//! let bytes = writer.finish()?;
//! assert_eq!(String::from_utf8(bytes).unwrap(), "name,seen-at\r\n'=1+1,1970-01-01T00:00:00Z\r\n");
//! # Ok::<(), headcount_export::ExportError>(())
//! ```

mod aside;
mod csv_rows;
mod error;
mod format;
mod json_lines;
#[cfg(feature = "parquet")]
mod parquet_file;
mod table;
mod writer;

pub use aside::Aside;
pub use csv_rows::harmless;
pub use error::ExportError;
pub use format::{Format, UnknownFormat};
pub use table::{Column, ColumnKind, Table};
pub use writer::{Options, Writer};

/// One row: values by column name. What is missing or null has no value.
pub type Row = serde_json::Map<String, serde_json::Value>;
