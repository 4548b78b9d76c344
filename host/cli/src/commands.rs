//! The commands, one file each.

pub mod access;
pub mod action;
pub mod admins;
pub mod audit;
pub mod budget;
pub mod catalogue;
pub mod changes;
pub mod connection;
pub mod connector;
pub mod credential;
pub mod demo;
pub mod export;
pub mod filter;
pub mod health;
pub mod holders;
pub mod key;
pub mod leavers;
pub mod licenses;
pub mod list;
pub mod mapping;
pub mod notices;
pub mod people;
pub mod schedule;
pub mod serve;
pub mod sessions;
pub mod shared;
pub mod sync;

use headcount::Kind;

use crate::cli::Command;
use crate::context::Context;
use crate::exit::Exit;

/// Runs one command.
///
/// # Errors
/// What went wrong; [`Exit::of`] gives its code.
pub async fn run(command: Command, context: Context) -> anyhow::Result<Exit> {
    if !may_begin(&command) {
        context.has_data()?;
    }
    match command {
        Command::Demo(args) => demo::run(args, &context).await,
        Command::Connector(command) => connector::run(command, &context).await,
        Command::Connection(command) => connection::run(command, &context).await,
        Command::Credential(command) => credential::run(command, &context).await,
        Command::Shared(command) => shared::run(command, &context).await,
        Command::Sync(args) => sync::run(args, &context).await,
        Command::Mapping(command) => mapping::run(command, &context).await,
        Command::Filter(command) => filter::run(command, &context).await,
        Command::Serve(args) => serve::run(args, &context).await,
        Command::Health(args) => health::run(&args, &context),
        Command::Schedule(command) => schedule::run(command, &context).await,
        Command::Notices(command) => notices::run(command, &context).await,
        Command::Users(args) => list::users(args, &context).await,
        Command::Groups(args) => list::records(Kind::Group, args, &context).await,
        Command::Roles(args) => list::records(Kind::Role, args, &context).await,
        Command::Apps(args) => list::records(Kind::Application, args, &context).await,
        Command::Licenses(args) => licenses::run(args, &context).await,
        Command::Assets(args) => list::records(Kind::Asset, args, &context).await,
        Command::Grants(args) => list::records(Kind::Grant, args, &context).await,
        Command::People(args) => people::run(args, &context).await,
        Command::Leavers(args) => leavers::run(args, &context).await,
        Command::Admins(args) => admins::run(args, &context).await,
        Command::Access(args) => access::run(args, &context).await,
        Command::Holders(args) => holders::run(args, &context).await,
        Command::Catalogue(command) => catalogue::run(command, &context).await,
        Command::Export(args) => export::run(args, &context).await,
        Command::Changes(args) => changes::run(args, &context).await,
        Command::Action(args) => action::run(args, &context).await,
        Command::Key(command) => key::run(command, &context).await,
        Command::Budget(command) => budget::run(command, &context).await,
        Command::Audit(args) => audit::run(args, &context).await,
        Command::Sessions(args) => sessions::run(args, &context).await,
    }
}

/// Whether a command may begin a data folder, or needs none. All others ask about what is in one.
fn may_begin(command: &Command) -> bool {
    match command {
        Command::Connector(command) => !matches!(command, connector::Command::List),
        Command::Connection(command) => matches!(command, connection::Command::Add(_)),
        Command::Credential(command) => matches!(command, credential::Command::Add(_)),
        Command::Shared(command) => matches!(command, shared::Command::Set { .. }),
        Command::Key(command) => !matches!(command, key::Command::Rotate),
        Command::Notices(command) => matches!(command, notices::Command::Channel(notices::channel::Command::Add(_))),
        Command::Catalogue(command) => matches!(command, catalogue::Command::Add { .. }),
        Command::Budget(command) => matches!(command, budget::Command::Set { .. }),
        Command::Demo(_) | Command::Serve(_) | Command::Health(_) => true,
        _ => false,
    }
}
