//! `headcount sessions release|reject|undo`: what becomes of a session's removals, by whom and why.

use std::collections::BTreeMap;

use headcount::model::printable;
use headcount::store::{Hold, Outcome, StoreError, Verdict};
use headcount::{Kind, SessionId, Tenant};

use crate::ask;
use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::person::Person;
use crate::records::{grant_words, plural};
use crate::table::Grid;
use crate::words::{counted, number};

/// Which session, and who decides.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Its number
    pub session: SessionId,
    #[command(flatten)]
    pub person: Person,
    /// Don't ask
    #[arg(long)]
    pub yes: bool,
}

/// Decides.
pub(super) async fn run(verdict: Verdict, args: &Args, tenant: &Tenant, context: &Context) -> anyhow::Result<Exit> {
    let session = args.session;
    // Nobody is asked about what is not there.
    if tenant.session(session).await?.is_none() {
        return Err(headcount::Error::Store(StoreError::NoSession { session }).into());
    }
    let decision = args.person.decision()?;
    if !args.yes {
        let question = match verdict {
            Verdict::Released => format!("{}. Really?", released(tenant, session).await?),
            Verdict::Undone => format!("What session {session} removed will be brought back. Really?"),
            _ => format!("{} will be turned down: the records stay. Really?", waiting(tenant, session).await?),
        };
        if !context.can_ask() {
            let complaint = Complaint::usage("nobody is there to be asked");
            return Err(complaint.next(format!("look at headcount sessions diff {session}, then add --yes")).into());
        }
        if !ask::yes(&question).await? {
            return Err(Complaint::usage("nothing was changed").into());
        }
    }
    let outcome = match verdict {
        Verdict::Released => tenant.release(session, &decision).await?,
        Verdict::Undone => tenant.undo(session, &decision).await?,
        _ => tenant.reject(session, &decision).await?,
    };
    tell(verdict, session, &outcome, context)?;
    Ok(if outcome.left > 0 { Exit::Partial } else { Exit::Done })
}

/// What a session holds.
async fn hold(tenant: &Tenant, session: SessionId) -> anyhow::Result<Option<Hold>> {
    Ok(tenant.holds(None, u32::MAX).await?.into_iter().find(|hold| hold.session == session))
}

/// What waits of a session, in words.
async fn waiting(tenant: &Tenant, session: SessionId) -> anyhow::Result<String> {
    Ok(match hold(tenant, session).await? {
        None => "The removals".to_owned(),
        Some(Hold { organization: Some(other), records, .. }) => {
            format!("Organisation {} with {}", printable(&other), kinds(&records))
        }
        Some(hold) => format!("The removal of {}", kinds(&hold.records)),
    })
}

/// What a release does, in words.
async fn released(tenant: &Tenant, session: SessionId) -> anyhow::Result<String> {
    Ok(match hold(tenant, session).await?.and_then(|hold| hold.organization) {
        Some(other) => {
            let other = printable(&other);
            format!("From the next sync on this connection holds organisation {other}, and its present records are missing there")
        }
        None => format!("{} will be done", waiting(tenant, session).await?),
    })
}

fn kinds(records: &BTreeMap<Kind, u64>) -> String {
    let parts: Vec<String> = records.iter().map(|(kind, count)| format!("{} {}", number(*count), plural(*kind))).collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

fn tell(verdict: Verdict, session: SessionId, outcome: &Outcome, context: &Context) -> anyhow::Result<()> {
    if context.out.json {
        let value = serde_json::json!({ "session": session.to_string(), "verdict": verdict.as_str(), "outcome": outcome });
        context.out.value(&value)?;
        return Ok(());
    }
    if let Some(other) = &outcome.accepted {
        return Ok(context.out.line(format!(
            "session {session} released: the next sync brings in organisation {}, and judges what is missing there",
            printable(other)
        ))?);
    }
    let what = kinds(&outcome.changed);
    context.out.line(match verdict {
        Verdict::Released => format!("session {session} released: {what} removed or made inactive"),
        Verdict::Undone => format!("session {session} undone: {what} brought back, to stay until they are back at the vendor"),
        // Another organisation's records were never brought in.
        _ if outcome.changed.is_empty() => format!("session {session} rejected: nothing of it is brought in"),
        _ => format!("session {session} rejected: {what} stay until they are back at the vendor"),
    })?;
    if outcome.left > 0 {
        context.out.line(format!("left as they are: {}", counted(outcome.left, "record")))?;
        let mut grid = Grid::new(["KIND", "NAME", "ID", "WHY"]).indented(2);
        for left in &outcome.told {
            let kind = left.kind.as_str();
            let name = left.name.clone().or_else(|| grant_words(kind, &left.id)).unwrap_or_default();
            grid.row([kind.to_owned(), name, left.id.clone(), left.why.clone()]);
        }
        context.out.grid(&mut grid)?;
    }
    Ok(())
}
