//! Component files: read with a limit, and opened off the async threads.

use std::path::Path;

use headcount::Package;

use crate::exit::Complaint;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 256 << 20;

/// Reads a component or module.
///
/// # Errors
/// The file can't be read, or is too large.
pub async fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    let size = tokio::fs::metadata(path).await.map_err(|error| Complaint::file(path, &error))?.len();
    if size > LARGEST {
        return Err(Complaint::usage(format!("{} is {size} bytes long; at most {LARGEST} are read", path.display())).into());
    }
    Ok(tokio::fs::read(path).await.map_err(|error| Complaint::file(path, &error))?)
}

/// Reads a packed component.
///
/// # Errors
/// As [`bytes`], or it is not a component with a manifest.
pub async fn package(path: &Path) -> anyhow::Result<Package> {
    let bytes = bytes(path).await?;
    let package = tokio::task::spawn_blocking(move || Package::read(bytes)).await?;
    Ok(package.map_err(headcount::Error::from)?)
}
