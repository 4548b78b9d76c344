//! `headcount sessions`: what syncs did, and why.

mod cancel;
mod decide;
mod diff;
mod held;
mod show;

use headcount::store::{QueuedRun, Verdict};
use headcount::{ConnectionId, Session, SessionId};

use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::sessions;
use crate::table::Grid;
use crate::words::{number, time};

/// Which sessions.
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// Of one connection only
    #[arg(long, value_name = "ID")]
    pub connection: Option<ConnectionId>,
    /// At most so many, the newest first
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: u32,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do with them.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Explain one session
    Show {
        /// Its number
        session: SessionId,
    },
    /// End a session that runs, in whichever process, or that was interrupted
    Cancel {
        /// Its number
        session: SessionId,
    },
    /// Show what a session changed, or a test run would have, and what of it waits for a person
    Diff(diff::Args),
    /// List removals that wait for a person
    Held(held::Args),
    /// Do the removals that a session held
    Release(decide::Args),
    /// Turn down the removals that a session held: the records stay
    Reject(decide::Args),
    /// Bring back what a session removed
    Undo(decide::Args),
}

/// Lists sessions, or explains one.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    match args.command {
        Some(Command::Show { session }) => match tenant.session(session).await? {
            Some(session) => show::run(&session, &tenant, context).await?,
            None => return Err(Complaint::not_found(format!("there is no session {session}")).next("headcount sessions").into()),
        },
        Some(Command::Cancel { session }) => return cancel::run(session, &tenant, context).await,
        Some(Command::Diff(args)) => diff::run(&args, &tenant, context).await?,
        Some(Command::Held(args)) => held::run(&args, &tenant, context).await?,
        Some(Command::Release(args)) => return decide::run(Verdict::Released, &args, &tenant, context).await,
        Some(Command::Reject(args)) => return decide::run(Verdict::Rejected, &args, &tenant, context).await,
        Some(Command::Undo(args)) => return decide::run(Verdict::Undone, &args, &tenant, context).await,
        None => {
            if let Some(id) = &args.connection {
                tenant.connection(id).await?;
            }
            let mut queued = tenant.queued().await?;
            queued.retain(|run| args.connection.as_ref().is_none_or(|id| run.connection == *id));
            let waits_in_vain = !queued.is_empty() && !tenant.is_served().await?;
            let mut found = Vec::new();
            for session in tenant.sessions(args.connection.as_ref(), args.limit).await? {
                let standstill = sessions::standstill(&session, &tenant).await?;
                let undone = sessions::undone(&tenant.decisions(session.id).await?).is_some();
                found.push(Listed { session, standstill, undone });
            }
            list(&queued, &found, context)?;
            if waits_in_vain {
                context.out.remark("what is queued waits for `headcount serve`, which does not run");
            }
        }
    }
    Ok(Exit::Done)
}

/// A session, and what became of it since.
struct Listed {
    session: Session,
    standstill: Option<&'static str>,
    undone: bool,
}

impl Listed {
    fn result(&self) -> &'static str {
        match self.standstill {
            Some(why) => why,
            None if self.undone => Verdict::Undone.as_str(),
            None if self.session.action.is_some() => "action",
            None => self.session.state.as_str(),
        }
    }
}

/// What waits for a place, then sessions, the newest first.
fn list(queued: &[QueuedRun], found: &[Listed], context: &Context) -> std::io::Result<()> {
    if context.out.json {
        queued.iter().try_for_each(|run| context.out.value(&sessions::queued_value(run)))?;
        let value = |listed: &Listed| sessions::value_of(&listed.session, listed.standstill, listed.undone);
        return found.iter().try_for_each(|listed| context.out.value(&value(listed)));
    }
    let back = sessions::any_back(found.iter().map(|listed| &listed.session.counters));
    let header = ["SESSION", "CONNECTION", "RESULT", "BEGUN", "TOOK", "READ", "NEW", "CHANGED", "GONE"];
    let mut grid = Grid::new(header.into_iter().chain(back.then_some("BACK")).chain(["REQUESTS"]));
    for run in queued {
        let row = [String::new(), run.connection.to_string(), "queued".to_owned(), String::new(), sessions::waited(run)];
        grid.row(row.into_iter().chain(std::iter::repeat_n(String::new(), 5 + usize::from(back))));
    }
    for listed in found {
        let session = &listed.session;
        let total = sessions::total(&session.counters);
        let mut row = vec![
            session.id.to_string(),
            session.connection.to_string(),
            listed.result().to_owned(),
            time(session.started_at),
            sessions::took(session, listed.standstill),
        ];
        row.extend([total.read, total.created, total.updated, total.removed].map(number));
        row.extend(back.then(|| number(total.returned)));
        row.push(number(session.counters.requests));
        grid.row(row);
    }
    if grid.is_empty() {
        context.out.remark("no sessions yet: headcount sync");
    }
    context.out.grid(&mut grid)
}
