//! The formats that there are.

use std::fmt;
use std::str::FromStr;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line, without the fields that have no value; times as RFC 3339.
    JsonLines,
    /// Comma-separated values as in RFC 4180, with a header line; times as RFC 3339, lists and structures as JSON.
    Csv,
    /// A Parquet file: text, 64-bit integers, booleans, times in microseconds of UTC, lists and structures as JSON.
    Parquet,
}

/// A text that names no format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a format: choose jsonl, csv or parquet")]
pub struct UnknownFormat(pub String);

impl Format {
    /// All of them.
    pub const ALL: [Format; 3] = [Format::JsonLines, Format::Csv, Format::Parquet];

    /// The word on the command line, and how files end.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::JsonLines => "jsonl",
            Format::Csv => "csv",
            Format::Parquet => "parquet",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        Format::ALL.into_iter().find(|format| format.as_str() == text).ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}
