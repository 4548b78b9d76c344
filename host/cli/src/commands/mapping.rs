//! `headcount mapping`: which fields a connection's accounts have, and how they are made.

mod change;
mod edit;
mod preview;
mod propose;
mod show;
mod test;

use std::path::{Path, PathBuf};

use headcount::{ConnectionId, Mapping};

use crate::context::Context;
use crate::exit::{Complaint, Exit};

/// The longest file with a mapping that is read, in bytes.
const LONGEST_FILE: u64 = 512 * 1024;

/// What to do with mappings.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show a connection's mapping, field by field
    Show {
        /// The connection
        connection: ConnectionId,
        /// As a file that `apply` reads
        #[arg(long)]
        toml: bool,
    },
    /// Make one field by an expression, or another way than before: shows what changes, asks, and does it
    Set(change::SetArgs),
    /// Make a field no longer
    Unset(change::UnsetArgs),
    /// Change the mapping in your editor ($VISUAL or $EDITOR), then as `apply`
    Edit(edit::Args),
    /// Propose fields for what the vendor sends and the mapping does not use
    Propose(propose::Args),
    /// Show one account before and after its mapping, or what one expression makes of it
    Test(test::Args),
    /// Show which accounts a mapping would change, and change nothing
    Preview(preview::Args),
    /// Take a mapping from a file: shows what changes, asks, and does it
    Apply(change::ApplyArgs),
}

/// Runs one of them.
pub async fn run(command: Command, context: &Context) -> anyhow::Result<Exit> {
    match command {
        Command::Show { connection, toml } => show::run(&connection, toml, context).await,
        Command::Set(args) => change::set(args, context).await,
        Command::Unset(args) => change::unset(args, context).await,
        Command::Edit(args) => edit::run(args, context).await,
        Command::Propose(args) => propose::run(args, context).await,
        Command::Test(args) => test::run(args, context).await,
        Command::Preview(args) => preview::run(args, context).await,
        Command::Apply(args) => change::apply(args, context).await,
    }
}

/// A mapping as a file holds it.
fn written(mapping: &Mapping) -> Result<String, Complaint> {
    toml::to_string(mapping).map_err(|error| Complaint::failed(format!("the mapping can't be written as TOML: {error}")))
}

/// The mapping in a file.
async fn read(path: &Path) -> Result<Mapping, Complaint> {
    let size = tokio::fs::metadata(path).await.map_err(|error| Complaint::file(path, &error))?.len();
    if size > LONGEST_FILE {
        return Err(Complaint::usage(format!("{} is {size} bytes long; at most {LONGEST_FILE} are read", path.display())));
    }
    let text = tokio::fs::read_to_string(path).await.map_err(|error| Complaint::file(path, &error))?;
    parsed(&text, path)
}

fn parsed(text: &str, path: &Path) -> Result<Mapping, Complaint> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        Complaint::usage(format!("{}, line {line}: {}", path.display(), error.message().trim()))
            .next("`headcount mapping show CONNECTION --toml` writes a mapping as it must be")
    })
}

/// A file that is named, or the connection's own mapping.
async fn chosen(file: Option<&PathBuf>) -> Result<Option<Mapping>, Complaint> {
    match file {
        Some(path) => read(path).await.map(Some),
        None => Ok(None),
    }
}
