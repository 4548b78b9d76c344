//! `headcount sessions`: what syncs did, and why.

mod decide;
mod diff;
mod held;

use headcount::model::printable;
use headcount::store::Verdict;
use headcount::{ConnectionId, Session, SessionId, Tenant};

use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::scope;
use crate::sessions;
use crate::standing;
use crate::table::Grid;
use crate::words::{counted, number, time};

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
            Some(session) => show(&session, &tenant, context).await?,
            None => return Err(Complaint::not_found(format!("there is no session {session}")).next("headcount sessions").into()),
        },
        Some(Command::Diff(args)) => diff::run(&args, &tenant, context).await?,
        Some(Command::Held(args)) => held::run(&args, &tenant, context).await?,
        Some(Command::Release(args)) => return decide::run(Verdict::Released, &args, &tenant, context).await,
        Some(Command::Reject(args)) => return decide::run(Verdict::Rejected, &args, &tenant, context).await,
        Some(Command::Undo(args)) => return decide::run(Verdict::Undone, &args, &tenant, context).await,
        None => {
            if let Some(id) = &args.connection {
                tenant.connection(id).await?;
            }
            list(&tenant.sessions(args.connection.as_ref(), args.limit).await?, context)?;
        }
    }
    Ok(Exit::Done)
}

fn list(found: &[Session], context: &Context) -> std::io::Result<()> {
    if context.out.json {
        return found.iter().try_for_each(|session| context.out.value(&sessions::value(session)));
    }
    let mut grid = Grid::new(["SESSION", "CONNECTION", "RESULT", "BEGUN", "TOOK", "READ", "NEW", "CHANGED", "GONE", "REQUESTS"]);
    for session in found {
        let total = sessions::total(&session.counters);
        grid.row([
            session.id.to_string(),
            session.connection.to_string(),
            session.state.as_str().to_owned(),
            time(session.started_at),
            sessions::took(session),
            number(total.read),
            number(total.created + total.returned),
            number(total.updated),
            number(total.removed),
            number(session.counters.requests),
        ]);
    }
    if grid.is_empty() {
        context.out.remark("no sessions yet: headcount sync");
    }
    context.out.grid(&mut grid)
}

async fn show(session: &Session, tenant: &Tenant, context: &Context) -> anyhow::Result<()> {
    let out = context.out;
    if out.json {
        out.value(&sessions::value(session))?;
        return Ok(());
    }
    let (id, connection, state) = (session.id, &session.connection, session.state);
    out.line(format!("session {id} of {connection}: {}", state.as_str()))?;
    out.line(format!("  {}", sessions::meaning(state)))?;
    out.line(format!("  begun {}, took {}, with {}", time(session.started_at), sessions::took(session), session.digest))?;
    if let Some(seen) = &session.scope {
        out.line("\nwhat the credential sees")?;
        for line in scope::lines(seen) {
            out.line(format!("  {line}"))?;
        }
    }
    if !session.counters.kinds.is_empty() {
        out.line("\nrecords")?;
        out.grid(&mut sessions::kinds(&session.counters))?;
    }
    out.line(format!("\n{}", sessions::effort(&session.counters)))?;
    if !session.counters.budgets.is_empty() {
        out.line("\nbudgets")?;
        out.grid(&mut sessions::budgets(&session.counters))?;
    }
    if session.counters.denied > 0 {
        let denied = counted(session.counters.denied, "request");
        out.line(format!(
            "{denied} denied; to see them, and the policy that would allow them: headcount audit --session {id} --denied"
        ))?;
    }
    for decided in tenant.decisions(id).await? {
        let why = if decided.reason.is_empty() { String::new() } else { format!(": {}", printable(&decided.reason)) };
        out.line(format!("\n{} {} by {}{why}", decided.verdict.as_str(), time(decided.at), printable(&decided.person)))?;
    }
    if !session.notes.is_empty() {
        out.line("\nnotes")?;
        for line in sessions::notes(&session.notes, usize::MAX) {
            out.line(line)?;
        }
    }
    if let Some(failure) = &session.failure {
        out.line(format!("\nwhy it failed\n  {failure}"))?;
    }
    // The connection may be gone while its session is looked at; its health then tells nothing.
    let health = tenant.connection(connection).await.ok().map(|connection| connection.health);
    let told = health.as_ref().map(standing::lines).unwrap_or_default();
    if !told.is_empty() {
        out.line(format!("\nthe connection now\n  {}", told.join("\n  ")))?;
    }
    let health = health.map(|health| health.state);
    if let Some(next) = sessions::advice(state, session.failure.as_ref(), health, connection.as_str()) {
        out.line(format!("\nwhat to do\n  {next}"))?;
    }
    Ok(())
}
