//! Why an export was not written.

/// Why an export was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The output can't be written to.
    #[error("the export can't be written: {0}")]
    Output(#[from] std::io::Error),
    /// A file can't be made or put in its place.
    #[error("the file {path} can't be written: {problem}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        problem: std::io::Error,
    },
    /// Parquet can't take the rows.
    #[error("the Parquet file can't be written: {0}")]
    Parquet(String),
    /// This program can't write the format.
    #[error("this program was built without Parquet: use JSON Lines or CSV")]
    NoParquet,
}

impl From<csv::Error> for ExportError {
    fn from(error: csv::Error) -> Self {
        ExportError::Output(error.into())
    }
}
