//! `headcount connection`: one tenant's links to vendors.

mod add;
mod check;
mod credential;
mod edit;
mod fill;
mod list;
mod preferences;
mod remove;

use headcount::ConnectionId;

use crate::context::Context;
use crate::exit::Exit;

/// What to do with connections.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Connect to a vendor
    Add(add::Args),
    /// Change settings or the name, or accept a new scope
    Edit(edit::Args),
    /// Enter a credential in place of the one there is
    Credential(credential::Args),
    /// List connections and how they are
    List,
    /// Ask the vendor who the credential is
    Check {
        /// The connection
        connection: ConnectionId,
    },
    /// What syncs write, and what they take away
    Preferences(preferences::Args),
    /// Remove a connection with everything that was read through it
    Remove(remove::Args),
}

/// Runs one of them.
pub async fn run(command: Command, context: &Context) -> anyhow::Result<Exit> {
    match command {
        Command::Add(args) => add::run(args, context).await,
        Command::Edit(args) => edit::run(args, context).await,
        Command::Credential(args) => credential::run(args, context).await,
        Command::List => list::run(context).await,
        Command::Check { connection } => check::run(&connection, context).await,
        Command::Preferences(args) => preferences::run(args, context).await,
        Command::Remove(args) => remove::run(args, context).await,
    }
}
