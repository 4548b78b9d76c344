//! `headcount key`: the key that seals credentials.

use headcount::{Headcount, KEY_VARIABLE, PREVIOUS_KEY_VARIABLE};
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::words::counted;

/// What to do with the key.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Seal all credentials of all tenants with a new key, while no host has the data folder open
    #[command(after_help = format!(
        "A key in a file is made. A key in the environment must stand in {KEY_VARIABLE}, and the one before it in\n\
         {PREVIOUS_KEY_VARIABLE}: 32 bytes as 64 hexadecimal digits (openssl rand -hex 32) or as base64."
    ))]
    Rotate,
}

/// Runs one of them.
///
/// # Errors
/// A host has the data folder open, or the store or the key can't be used.
pub async fn run(command: Command, context: &Context) -> anyhow::Result<Exit> {
    match command {
        Command::Rotate => rotate(context).await,
    }
}

async fn rotate(context: &Context) -> anyhow::Result<Exit> {
    let rotation = Headcount::builder(context.config.data()).rotate_key().await?;
    let out = context.out;
    if out.json {
        let unreadable = rotation
            .unreadable
            .iter()
            .map(|key| json!({ "tenant": key.tenant, "connection": key.connection, "field": key.field }));
        out.value(&json!({
            "event": "rotated",
            "resealed": rotation.resealed,
            "unreadable": unreadable.collect::<Vec<_>>(),
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
        for key in &rotation.unreadable {
            out.line(format!(
                "no key opens {field} of connection {id} of tenant {tenant}: headcount --tenant {tenant} connection credential {id} {field}",
                tenant = key.tenant,
                id = key.connection,
                field = headcount::model::printable(&key.field),
            ))?;
        }
    }
    Ok(if rotation.unreadable.is_empty() { Exit::Done } else { Exit::Reconnect })
}
