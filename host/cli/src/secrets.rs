//! Secrets from a file, from standard input or from a person. Never from an argument: arguments stand in process lists and histories.

use std::io::Read;
use std::path::Path;

use headcount::Manifest;
use headcount::model::Secret;
use headcount::model::manifest::{ConfigField, Setup};

use crate::ask;
use crate::context::Context;
use crate::exit::Complaint;
use crate::pairs::Pair;

/// The longest secret that is read, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Where secrets come from.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct SecretArgs {
    /// Read the secret FIELD from a file; may be repeated
    #[arg(long, value_name = "FIELD=PATH")]
    pub secret_file: Vec<Pair>,
    /// Read the secret FIELD from standard input
    #[arg(long, value_name = "FIELD")]
    pub secret_stdin: Option<String>,
}

impl SecretArgs {
    /// The secrets given; on a terminal, those that are missing are asked for.
    ///
    /// # Errors
    /// A field is not a secret of this connector, a secret can't be read, or one is missing and nobody can be asked.
    pub async fn gather(&self, manifest: &Manifest, context: &Context) -> anyhow::Result<Vec<(String, Secret)>> {
        let mut secrets = self.given(manifest).await?;
        for field in manifest.secret_fields() {
            if secrets.iter().any(|(name, _)| *name == field.name) {
                continue;
            }
            if context.can_ask() {
                let secret = from_terminal(field).await?;
                if !secret.is_empty() {
                    secrets.push((field.name.clone(), secret));
                    continue;
                }
            }
            if field.required {
                return Err(missing(field, &manifest.setup).into());
            }
        }
        Ok(secrets)
    }

    /// The secrets given, and no others.
    ///
    /// # Errors
    /// A field is not a secret of this connector, or a secret can't be read.
    pub async fn given(&self, manifest: &Manifest) -> anyhow::Result<Vec<(String, Secret)>> {
        let mut secrets: Vec<(String, Secret)> = Vec::new();
        for pair in &self.secret_file {
            let field = field(manifest, &pair.key)?;
            secrets.push((field.name.clone(), from_file(Path::new(&pair.value)).await?));
        }
        if let Some(name) = &self.secret_stdin {
            let field = field(manifest, name)?;
            secrets.push((field.name.clone(), from_stdin().await?));
        }
        Ok(secrets)
    }
}

/// The secret field of this name.
///
/// # Errors
/// The connector has none.
pub fn field<'a>(manifest: &'a Manifest, name: &str) -> Result<&'a ConfigField, Complaint> {
    manifest.secret_fields().find(|field| field.name == name).ok_or_else(|| {
        let known: Vec<&str> = manifest.secret_fields().map(|field| field.name.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        Complaint::usage(format!("{} has no secret field {name}; it has: {known}", manifest.name))
    })
}

/// Asks a person for a secret; empty when it was skipped.
///
/// # Errors
/// The terminal went away.
pub async fn from_terminal(field: &ConfigField) -> anyhow::Result<Secret> {
    let optional = if field.required { "" } else { ", or nothing" };
    ask::secret(&format!("{}{optional}", field.label)).await
}

/// Reads a secret from a file, less the line ending.
///
/// # Errors
/// The file can't be read, is empty or no secret.
pub async fn from_file(path: &Path) -> anyhow::Result<Secret> {
    let path = path.to_owned();
    let opened = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::open(&path).map_err(|error| Complaint::file(&path, &error))?;
        read(file, &path.display().to_string())
    });
    Ok(opened.await??)
}

/// Reads a secret from standard input, to its end.
///
/// # Errors
/// It can't be read, is empty or no secret.
pub async fn from_stdin() -> anyhow::Result<Secret> {
    Ok(tokio::task::spawn_blocking(|| read(std::io::stdin(), "standard input")).await??)
}

fn read(source: impl Read, name: &str) -> Result<Secret, Complaint> {
    let mut text = room();
    let read = source.take(LONGEST + 1).read_to_string(&mut text);
    let is_too_long = text.len() as u64 > LONGEST;
    // In place, so that no copy of it stays behind.
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    // Zeroed from here on, whatever is wrong with it.
    let secret = Secret::new(text);
    read.map_err(|error| Complaint::failed(format!("the secret can't be read from {name}: {error}")))?;
    if is_too_long {
        return Err(Complaint::usage(format!("{name} is longer than {LONGEST} bytes: that is no secret")));
    }
    if secret.is_empty() {
        return Err(Complaint::usage(format!("{name} is empty: the secret was expected there")));
    }
    Ok(secret)
}

/// Room for the longest text that is read: one that grew would leave copies of its beginning behind.
fn room() -> String {
    String::with_capacity(LONGEST as usize + 1_024)
}

fn missing(field: &ConfigField, setup: &Setup) -> Complaint {
    let how = setup.steps.first().map(|step| format!(" ({step})")).unwrap_or_default();
    Complaint::usage(format!("the secret {} ({}) is missing{how}", field.name, field.label)).next(format!(
        "give it with --secret-file {0}=PATH or --secret-stdin {0}, or run this on a terminal to be asked",
        field.name
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ending_is_no_part_of_a_secret() {
        assert_eq!(read(&b"hunter2 \r\n"[..], "test").unwrap().expose(), "hunter2 ");
    }

    #[test]
    fn a_secret_that_is_read_is_never_moved_so_that_no_copy_stays() {
        let mut text = room();
        let place = text.as_ptr();
        std::io::repeat(b'x').take(LONGEST + 1).read_to_string(&mut text).unwrap();
        assert_eq!((text.as_ptr(), text.len() as u64), (place, LONGEST + 1));
    }

    #[test]
    fn what_is_empty_or_endless_is_refused() {
        assert!(read(&b"\n"[..], "test").is_err());
        assert!(read(std::io::repeat(b'x'), "test").is_err());
    }
}
