//! `headcount connector`: what there is to connect with.

mod add;
mod author;
mod component;
mod examine;
mod inspect;
mod list;
mod new;
mod pack;
mod run;
mod schema;

use std::path::PathBuf;

use headcount::Manifest;

use crate::context::Context;
use crate::exit::Exit;
use crate::output::Out;

/// What to do with connectors.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List the accepted connectors
    List,
    /// Begin a connector: a small cargo project in a new folder, to be made yours
    New(new::Args),
    /// Show what a component says of itself, without running it
    Inspect {
        /// The component
        file: PathBuf,
    },
    /// Check a manifest and put it into a component
    Pack(pack::Args),
    /// Accept a component
    Add(add::Args),
    /// Try one feed of a component that is not accepted yet, against a real or a local vendor
    Run(run::Args),
    /// Print the JSON Schema of manifests
    Schema,
}

/// Runs one of them.
pub async fn run(command: Command, context: &Context) -> anyhow::Result<Exit> {
    match command {
        Command::List => list::run(context).await,
        Command::New(args) => new::run(&args, context),
        Command::Inspect { file } => inspect::run(&file, context).await,
        Command::Pack(args) => pack::run(args, context).await,
        Command::Add(args) => add::run(args, context).await,
        Command::Run(args) => run::run(args, context).await,
        Command::Schema => schema::run(context),
    }
}

/// Shows how an administrator gets a credential, and which permissions it needs.
///
/// # Errors
/// Standard output can't be written to.
pub fn setup_steps(manifest: &Manifest, out: Out) -> std::io::Result<()> {
    inspect::setup(manifest, out)
}
