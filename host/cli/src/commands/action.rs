//! `headcount action`: what can be changed at a vendor, who may, doing it once, and who did what.

mod fill;
mod history;
mod list;
mod permit;
mod run;
mod who;

use headcount::{ActionRunId, ConnectionId};

use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::pairs::Pair;

pub use who::Who;

/// Which action, or what about them.
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(flatten)]
    pub run: RunArgs,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What is to be done, and for whom.
#[derive(clap::Args, Debug)]
pub struct RunArgs {
    /// The connection
    pub connection: Option<ConnectionId>,
    /// The action; left out, the actions are listed
    pub action: Option<String>,
    /// The input, a JSON object
    #[arg(long, value_name = "JSON", conflicts_with = "set")]
    pub input: Option<String>,
    /// One field of the input; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<Pair>,
    /// Only show what it would do
    #[arg(long)]
    pub preview: bool,
    /// Do not ask before something is changed
    #[arg(long)]
    pub yes: bool,
    /// Your own key for it: the same key with the same input is done once
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    #[command(flatten)]
    pub who: Who,
}

/// What else there is to do with actions.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Do an action: the same as without this word, for a connection that is called like a command
    Run(RunArgs),
    /// Let a connection change something at its vendor: all that it offers now, or these actions
    Permit {
        /// The connection
        connection: ConnectionId,
        /// Actions
        actions: Vec<String>,
        #[command(flatten)]
        who: Who,
    },
    /// Let a connection only read again: or take these actions back
    Forbid {
        /// The connection
        connection: ConnectionId,
        /// Actions
        actions: Vec<String>,
    },
    /// Stop all actions of the tenant that change something
    Stop {
        #[command(flatten)]
        who: Who,
    },
    /// Let the tenant's actions go on
    Resume,
    /// Who asked for what, and what became of it
    History {
        /// Of one connection only
        #[arg(long, value_name = "ID")]
        connection: Option<ConnectionId>,
        /// Only those that became this: started, done, refused, failed, forbidden, unknown
        #[arg(long, value_parser = history::state, value_name = "STATE")]
        state: Option<headcount::ActionState>,
        /// Only those that change something
        #[arg(long)]
        changes: bool,
        /// At most so many, the newest first
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
    /// Explain one action of the history
    Show {
        /// Its number
        action: ActionRunId,
    },
    /// What actions answered about accounts
    Answers {
        /// The connection
        connection: ConnectionId,
        /// About one account: the vendor's id of a user
        #[arg(long, value_name = "ID")]
        account: Option<String>,
    },
}

/// Does an action, or lists what there is, or tells who did what.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    match args.command {
        None => act(args.run, &tenant, context).await,
        Some(Command::Run(args)) => act(args, &tenant, context).await,
        Some(Command::Permit { connection, actions, who }) => permit::permit(&connection, &actions, &who, &tenant, context).await,
        Some(Command::Forbid { connection, actions }) => permit::forbid(&connection, &actions, &tenant, context).await,
        Some(Command::Stop { who }) => permit::stop(&who, &tenant, context).await,
        Some(Command::Resume) => permit::resume(&tenant, context).await,
        Some(Command::History { connection, state, changes, limit }) => {
            let filter = headcount::ActionFilter { connection, state, reading: !changes, limit, ..Default::default() };
            history::list(&filter, &tenant, context).await
        }
        Some(Command::Show { action }) => history::show(action, &tenant, context).await,
        Some(Command::Answers { connection, account }) => {
            history::answers(&connection, account.as_deref(), &tenant, context).await
        }
    }
}

async fn act(args: RunArgs, tenant: &headcount::Tenant, context: &Context) -> anyhow::Result<Exit> {
    let Some(connection) = args.connection.clone() else {
        return Err(Complaint::usage("which connection? headcount action CONNECTION lists its actions").into());
    };
    match args.action.clone() {
        None => list::list(&connection, tenant, context).await,
        Some(action) => run::run(args, &connection, &action, tenant, context).await,
    }
}
