//! `headcount people`: persons, whose accounts are whose, and what a person should look at.

mod conflicts;
mod decide;
mod show;

pub use conflicts::{of_conflict, of_unlinked};

use headcount::store::{Filter, Person};
use headcount::{ConnectionId, Tenant};

use super::list::{Listing, ShowArgs};
use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::output::Column;
use crate::records;

const COLUMNS: [Column; 6] = [
    Column::both("id", "PERSON"),
    Column::both("email", "E-MAIL"),
    Column::both("name", "NAME"),
    Column::both("connections", "ACCOUNTS IN"),
    Column::both("administrator", "ADMIN"),
    Column::csv("key"),
];

/// Which people, or what to do about them.
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Name or e-mail contains this
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// With an account in this connection
    #[arg(long, value_name = "ID")]
    pub connection: Option<ConnectionId>,
    /// With accounts in at least so many connections
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub minimum: u32,
    #[command(flatten)]
    pub show: ShowArgs,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show one person: every account, and why it is theirs
    Show {
        /// The person's number (p12), e-mail address or sync key
        who: String,
    },
    /// Accounts that a person should look at: changed, reused and ambiguous keys, twins
    Conflicts(conflicts::Args),
    /// Accounts that are nobody's, and why
    Unlinked(conflicts::UnlinkedArgs),
    /// Say whose an account is; it stays so whatever syncs find
    Link(decide::LinkArgs),
    /// Say that an account is nobody's; it stays so whatever syncs find
    Unlink(decide::UnlinkArgs),
    /// Make one person of two
    Merge(decide::MergeArgs),
    /// Say that nothing is wrong with the conflicts of a connection, or of one account
    Confirm(decide::ConfirmArgs),
}

/// Lists people, or does something about them.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    match args.command {
        Some(Command::Show { who }) => show::run(&who, context).await,
        Some(Command::Conflicts(args)) => conflicts::run(args, context).await,
        Some(Command::Unlinked(args)) => conflicts::unlinked(args, context).await,
        Some(Command::Link(args)) => decide::link(args, context).await,
        Some(Command::Unlink(args)) => decide::unlink(args, context).await,
        Some(Command::Merge(args)) => decide::merge(args, context).await,
        Some(Command::Confirm(args)) => decide::confirm(args, context).await,
        None => list(args, context).await,
    }
}

async fn list(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let filter = Filter { text: args.text, connection: args.connection, ..Filter::default() };
    let listing = Listing { show: &args.show, filter, what: "people", context };
    let ask = async |tenant: &Tenant, filter: &Filter| tenant.store().people(tenant.id(), filter, args.minimum).await;
    listing.run(&tenant, COLUMNS, ask, place, records::of_person).await?;
    Ok(Exit::Done)
}

/// Where a person stands in lists.
pub fn place(person: &Person) -> (String, String) {
    (person.id.to_string(), person.key.clone())
}

/// The one person who is called so.
///
/// # Errors
/// Nobody is, or several are.
pub async fn one(tenant: &Tenant, who: &str) -> anyhow::Result<Person> {
    let mut found = tenant.find_people(who).await?;
    match (found.pop(), found.as_slice()) {
        (Some(person), []) => Ok(person),
        (None, _) => Err(nobody(who).into()),
        (Some(last), others) => {
            let numbers: Vec<String> = others.iter().chain([&last]).map(|person| person.id.to_string()).collect();
            let problem = format!("several people are called {who}: {}", numbers.join(", "));
            Err(Complaint::usage(problem)
                .next(format!("say which by number; to look at them: headcount people show {}", last.id))
                .into())
        }
    }
}

/// That nobody is called so.
pub fn nobody(who: &str) -> Complaint {
    let part = who.split('@').next().unwrap_or_default();
    Complaint::not_found(format!("nobody is called {who}")).next(format!(
        "headcount people --text {part}, or among the accounts that are nobody's: headcount people unlinked --text {part}"
    ))
}
