//! `headcount sessions cancel`: ends a session on a person's wish.

use headcount::{Cancelled, SessionId, Tenant};
use serde_json::json;

use crate::context::Context;
use crate::exit::{Complaint, Exit};

/// Ends a session, or asks the process that works on it to.
pub async fn run(session: SessionId, tenant: &Tenant, context: &Context) -> anyhow::Result<Exit> {
    let Some(cancelled) = tenant.cancel_session(session).await? else {
        return Err(Complaint::not_found(format!("there is no session {session}")).next("headcount sessions").into());
    };
    let (word, sentence) = match cancelled {
        Cancelled::AtOnce => {
            ("cancelled", format!("session {session} is cancelled: nobody worked on it, and what it had read is dropped"))
        }
        Cancelled::Asked => (
            "asked",
            format!(
                "session {session} ends at its next page, or within seconds while it waits: headcount sessions show {session}"
            ),
        ),
        Cancelled::WasOver(state) => ("was-over", format!("session {session} was over already: {}", state.as_str())),
        Cancelled::WasApplied => (
            "was-applied",
            format!("session {session} was applied already: what it found is in the store, and the next sync ends it"),
        ),
        _ => ("unknown", format!("see how session {session} is: headcount sessions show {session}")),
    };
    if context.out.json {
        context.out.value(&json!({ "session": session.to_string(), "result": word }))?;
    } else {
        context.out.line(sentence)?;
    }
    Ok(Exit::Done)
}
