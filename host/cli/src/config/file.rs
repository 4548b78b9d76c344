//! The operator's file: the flags by name, and what has no flag.

use std::path::PathBuf;

use headcount::Limits;
use serde::Deserialize;

use crate::engine::Engine;
use crate::guard::Own as Guard;
use crate::serving::{Mail, Serve};

/// The flags and more, as a file holds them. Relative paths are relative to the file's folder.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct File {
    pub data: Option<PathBuf>,
    pub keyring: Option<String>,
    pub tenant: Option<String>,
    pub json: bool,
    pub resolve: Vec<String>,
    pub ca: Vec<PathBuf>,
    pub allow_loopback: bool,
    pub allow_webhook: Vec<String>,
    pub allow_host: Vec<String>,
    pub proxy: Option<String>,
    pub bundled_roots: bool,
    /// An empty list allows nothing; none, whatever manifests name.
    pub allow_egress: Option<Vec<String>>,
    pub let_denied_requests_out: bool,
    pub forbid_actions: Vec<String>,
    pub verbose: u8,
    pub budget: Limits,
    pub audit: Audit,
    pub changes: Audit,
    pub gone: Gone,
    pub engine: Engine,
    pub guard: Guard,
    pub serve: Serve,
    pub mail: Option<Mail>,
}

/// How much of each tenant's audit trail, or of its changes, is kept.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Audit {
    pub records: Option<u64>,
    pub days: Option<u32>,
}

/// How long records are kept that have gone.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Gone {
    pub days: Option<u32>,
}

/// Reads the text of a file; what is wrong with it, it says with the line.
pub(super) fn parse(text: &str) -> Result<File, String> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let line = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or_default().matches('\n').count() + 1;
        format!("line {line}: {}", error.message().trim())
    })
}
