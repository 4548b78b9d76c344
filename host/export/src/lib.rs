//! Writes collections and changes as JSON Lines, CSV and Parquet.
