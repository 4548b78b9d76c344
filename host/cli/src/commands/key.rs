//! `headcount key`: the key that seals credentials.

use std::path::PathBuf;

use headcount::store::{CredentialKey, CredentialOwner};
use headcount::{KEY_VARIABLE, PREVIOUS_KEY_VARIABLE};
use serde_json::{Value, json};

use crate::ask;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::Out;
use crate::secrets;
use crate::words::counted;

/// What to do with the key.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Seal all credentials of all tenants with a new key, while no host has the data folder open
    #[command(after_help = format!(
        "A key in a file or a keyring is made. A key in the environment must stand in {KEY_VARIABLE}, and the one before it in\n\
         {PREVIOUS_KEY_VARIABLE}: 32 bytes as 64 hexadecimal digits (openssl rand -hex 32) or as base64."
    ))]
    Rotate,
    /// Write the key in the keyring to a new file that only you can read, to keep it elsewhere
    #[command(group = clap::ArgGroup::new("to").required(true))]
    Export {
        /// Write it to this file
        #[arg(long, short, value_name = "FILE", group = "to")]
        file: Option<PathBuf>,
        /// Write it to standard output, for whoever reads that
        #[arg(long, group = "to")]
        stdout: bool,
    },
    /// Put a key into the keyring from standard input: after a restart, or when it leaves its file
    Import,
}

/// Runs one of them.
///
/// # Errors
/// A host has the data folder open, or the store or the key can't be used.
pub async fn run(command: Command, context: &Context) -> anyhow::Result<Exit> {
    match command {
        Command::Rotate => rotate(context).await,
        Command::Export { file, .. } => export(file, context).await,
        Command::Import => import(context).await,
    }
}

async fn rotate(context: &Context) -> anyhow::Result<Exit> {
    let rotation = context.builder().rotate_key().await?;
    let out = context.out;
    if out.json {
        out.value(&json!({
            "event": "rotated",
            "resealed": rotation.resealed,
            "unreadable": listed(&rotation.unreadable),
            "silent": rotation.silent,
            "obsolete": rotation.obsolete,
        }))?;
    } else {
        out.line(format!(
            "sealed {} with the new key; the old one opens nothing any more",
            counted(rotation.resealed, "credential")
        ))?;
        if let Some(variable) = &rotation.obsolete {
            out.line(format!("{variable} can be removed from the environment"))?;
        }
        tell_unreadable(out, &rotation.unreadable)?;
        for key in &rotation.silent {
            let (tenant, channel) = (&key.tenant, &key.channel);
            out.line(format!(
                "no key opens what signs for the channel {channel} of tenant {tenant}: remove it and add it again"
            ))?;
        }
    }
    let ended = ended(&rotation.unreadable);
    Ok(if rotation.silent.is_empty() { ended } else { ended.worst(Exit::Reconnect) })
}

async fn export(file: Option<PathBuf>, context: &Context) -> anyhow::Result<Exit> {
    let Some(file) = file else {
        context.builder().print_key(std::io::stdout()).await?;
        return Ok(Exit::Done);
    };
    context.builder().export_key(file.clone()).await?;
    context.out.remark(format!("the key is in {}: whoever can read it can read every credential", file.display()));
    Ok(Exit::Done)
}

async fn import(context: &Context) -> anyhow::Result<Exit> {
    let text = if context.can_ask() { ask::secret("Key").await? } else { secrets::from_stdin().await? };
    let unreadable = context.builder().import_key(text).await?;
    let out = context.out;
    if out.json {
        out.value(&json!({ "event": "imported", "unreadable": listed(&unreadable) }))?;
    } else {
        out.line("the key is in the keyring")?;
        tell_unreadable(out, &unreadable)?;
    }
    Ok(ended(&unreadable))
}

fn listed(unreadable: &[CredentialKey]) -> Vec<Value> {
    let listed = unreadable.iter();
    listed
        .map(|key| {
            let (connection, credential) = match &key.owner {
                CredentialOwner::Connection(id) => (Some(id), None),
                CredentialOwner::Credential(name) => (None, Some(name)),
                _ => (None, None),
            };
            json!({ "tenant": key.tenant, "connection": connection, "credential": credential, "field": key.field })
        })
        .collect()
}

fn tell_unreadable(out: Out, unreadable: &[CredentialKey]) -> std::io::Result<()> {
    for key in unreadable {
        let (whose, again) = match &key.owner {
            CredentialOwner::Connection(id) => {
                (format!("connection {id}"), format!("connection credential {id} {}", headcount::model::printable(&key.field)))
            }
            CredentialOwner::Credential(name) => (format!("credential {name}"), format!("credential rotate {name}")),
            other => (format!("{other:?}"), "connection list".to_owned()),
        };
        out.line(format!(
            "no key opens {field} of {whose} of tenant {tenant}: headcount --tenant {tenant} {again}",
            tenant = key.tenant,
            field = headcount::model::printable(&key.field),
        ))?;
    }
    Ok(())
}

fn ended(unreadable: &[CredentialKey]) -> Exit {
    if unreadable.is_empty() { Exit::Done } else { Exit::Reconnect }
}
