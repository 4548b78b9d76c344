//! `headcount connection`: one tenant's links to vendors.

mod add;
pub(super) mod check;
mod credential;
mod edit;
pub(super) mod fill;
mod life;
mod list;
mod people;
mod preferences;
mod remove;
mod show;

use headcount::ConnectionId;

use crate::context::Context;
use crate::exit::Exit;

/// What to do with connections.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Connect to a vendor
    Add(add::Args),
    /// Change settings, the name, the owner or contacts, or accept a new scope
    Edit(edit::Args),
    /// Enter a credential in place of the one there is
    Credential(credential::Args),
    /// List connections and how they are
    List,
    /// Explain one connection: its life, its health, who answers for it
    Show {
        /// The connection
        connection: ConnectionId,
    },
    /// Ask the vendor who the credential is; a draft that passes is ready
    Check {
        /// The connection
        connection: ConnectionId,
    },
    /// Check a connection, and let the schedule run it
    Launch {
        /// The connection
        connection: ConnectionId,
    },
    /// Stop a connection until it is resumed, and a sync of it that is under way
    Pause(life::PauseArgs),
    /// Let a paused connection run again
    Resume {
        /// The connection
        connection: ConnectionId,
    },
    /// What syncs write, and what they take away
    Preferences(preferences::Args),
    /// Remove a connection, and keep or purge what was read through it
    Remove(remove::Args),
}

/// Runs one of them.
pub async fn run(command: Command, context: &Context) -> anyhow::Result<Exit> {
    match command {
        Command::Add(args) => add::run(args, context).await,
        Command::Edit(args) => edit::run(args, context).await,
        Command::Credential(args) => credential::run(args, context).await,
        Command::List => list::run(context).await,
        Command::Show { connection } => show::run(&connection, context).await,
        Command::Launch { connection } => life::launch(&connection, context).await,
        Command::Pause(args) => life::pause(args, context).await,
        Command::Resume { connection } => life::resume(&connection, context).await,
        Command::Check { connection } => check::run(&connection, context).await,
        Command::Preferences(args) => preferences::run(args, context).await,
        Command::Remove(args) => remove::run(args, context).await,
    }
}
