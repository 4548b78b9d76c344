//! Where the demonstration finds its connectors, and the folder that it may replace: only one that a demonstration made.

use std::path::{Path, PathBuf};

use headcount::TenantId;
use headcount_vendors::{Servers, Vendor};

use crate::exit::Complaint;

/// The folder, unless another is named.
const DEFAULT: &str = "headcount-demo";
/// The file that says who made the folder.
const MARKER: &str = "made-by-headcount-demo";

/// A folder with packed connectors.
#[derive(Debug)]
pub struct Components(PathBuf);

impl Components {
    /// The packed connector for a vendor.
    ///
    /// # Errors
    /// It can't be read.
    pub async fn read(&self, vendor: Vendor) -> Result<Vec<u8>, Complaint> {
        let path = self.path(vendor);
        tokio::fs::read(&path).await.map_err(|error| Complaint::file(&path, &error))
    }

    fn path(&self, vendor: Vendor) -> PathBuf {
        self.0.join(format!("{}.wasm", vendor.name()))
    }
}

/// The folder with the four packed connectors: the one named; else `connectors` beside the program's folder, then under `target`.
///
/// # Errors
/// None of them has all four.
pub async fn components(named: Option<&Path>) -> Result<Components, Complaint> {
    let places = match named {
        Some(named) => vec![named.to_owned()],
        None => {
            let program = std::env::current_exe().ok();
            let beside = program.as_deref().and_then(Path::parent).and_then(Path::parent).map(|folder| folder.join("connectors"));
            beside.into_iter().chain([PathBuf::from("target/connectors")]).collect()
        }
    };
    let mut looked = Vec::new();
    for place in places {
        let found = Components(place);
        let mut missing = Vec::new();
        for vendor in Vendor::ALL {
            if !tokio::fs::try_exists(found.path(vendor)).await.unwrap_or(false) {
                missing.push(format!("{}.wasm", vendor.name()));
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        looked.push(format!("{} lacks {}", found.0.display(), missing.join(", ")));
    }
    Err(Complaint::not_found(format!("the demonstration's connectors are not built: {}", looked.join("; ")))
        .next("run `make demo`, or name their folder with --components DIR"))
}

/// An empty data folder, in place of the one that an earlier demonstration left.
///
/// # Errors
/// There is a folder that no demonstration made, or it can't be replaced.
pub async fn fresh(named: Option<&Path>) -> Result<PathBuf, Complaint> {
    let folder = named.map_or_else(|| PathBuf::from(DEFAULT), Path::to_owned);
    let failed = |error: std::io::Error| Complaint::file(&folder, &error);
    let marker = folder.join(MARKER);
    if tokio::fs::try_exists(&folder).await.map_err(failed)? {
        let ours = tokio::fs::try_exists(&marker).await.map_err(failed)?;
        let empty = !ours && tokio::fs::read_dir(&folder).await.map_err(failed)?.next_entry().await.map_err(failed)?.is_none();
        if !ours && !empty {
            return Err(Complaint::usage(format!("{} was not made by a demonstration, and is left alone", folder.display()))
                .next("name another folder with --data DIR, or move this one away"));
        }
        if ours {
            tokio::fs::remove_dir_all(&folder).await.map_err(failed)?;
        }
    }
    tokio::fs::create_dir_all(&folder).await.map_err(failed)?;
    tokio::fs::write(&marker, "A demonstration may replace this folder.\n").await.map_err(failed)?;
    Ok(folder)
}

/// Writes the configuration with which other commands reach the same vendors, as long as they run. Gives its path.
///
/// # Errors
/// It can't be written.
pub async fn write_settings(data: &Path, tenant: &TenantId, servers: &Servers) -> Result<PathBuf, Complaint> {
    let authority = data.join("vendors.pem");
    tokio::fs::write(&authority, servers.ca_pem()).await.map_err(|error| Complaint::file(&authority, &error))?;
    let mut text =
        format!("# For `headcount --config`, while `headcount demo --keep` runs.\ndata = \".\"\ntenant = \"{tenant}\"\n");
    text.push_str("ca = [\"vendors.pem\"]\nresolve = [\n");
    for vendor in Vendor::ALL {
        for host in vendor.hosts() {
            text.push_str(&format!("    \"{host}={}\",\n", servers.addr(vendor)));
        }
    }
    text.push_str("]\n");
    let path = data.join("demo.toml");
    tokio::fs::write(&path, text).await.map_err(|error| Complaint::file(&path, &error))?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> PathBuf {
        let place = std::env::temp_dir().join(format!("headcount-demo-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&place);
        place
    }

    #[tokio::test]
    async fn a_folder_of_an_earlier_demonstration_is_replaced() {
        let place = place("own");
        fresh(Some(&place)).await.unwrap();
        std::fs::write(place.join("headcount.db"), "old").unwrap();
        fresh(Some(&place)).await.unwrap();
        assert!(!place.join("headcount.db").exists());
        std::fs::remove_dir_all(&place).unwrap();
    }

    #[tokio::test]
    async fn somebody_elses_folder_is_left_alone() {
        let place = place("other");
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join("thesis.txt"), "years of work").unwrap();
        assert!(fresh(Some(&place)).await.is_err());
        assert!(place.join("thesis.txt").exists());
        std::fs::remove_dir_all(&place).unwrap();
    }

    #[tokio::test]
    async fn missing_connectors_say_how_to_build_them() {
        let place = place("none");
        let complaint = components(Some(&place)).await.unwrap_err();
        assert!(complaint.to_string().contains("jetbrains.wasm") && complaint.what_next().unwrap().contains("make demo"));
    }
}
