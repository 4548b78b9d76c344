//! `headcount connection check`: asks the vendor who the credential is.

use headcount::sandbox::CallError;
use headcount::{Checked, ConnectionId, FailureCode, Tenant};
use serde_json::json;

use crate::advice::{self, Whose};
use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::scope;
use crate::sessions;

/// Checks a connection.
pub async fn run(id: &ConnectionId, context: &Context) -> anyhow::Result<Exit> {
    vendor(&context.tenant().await?, id, context).await?;
    Ok(Exit::Done)
}

/// Asks the vendor, and tells what the credential sees.
///
/// # Errors
/// The connection can't be opened, or the vendor refuses.
pub async fn vendor(tenant: &Tenant, id: &ConnectionId, context: &Context) -> anyhow::Result<()> {
    let connection = tenant.connection(id).await?;
    tell(&refusals((&connection).into(), tenant.check(id).await)?, id, context)?;
    Ok(())
}

/// What a check found, or what to do about the vendor's refusal.
///
/// # Errors
/// The connection can't be opened, or the vendor refuses.
pub fn refusals(whose: Whose<'_>, checked: Result<Checked, headcount::Error>) -> anyhow::Result<Checked> {
    match checked {
        Err(headcount::Error::Call(CallError::Failure(failure))) => {
            let next = advice::for_failure(&failure, Some(whose));
            // A credential that may not even be asked who it is must be replaced.
            let exit = if failure.code == FailureCode::Forbidden { Exit::Reconnect } else { Exit::of_failure(&failure) };
            Err(Complaint::refused(exit, &failure, next).into())
        }
        other => Ok(other?),
    }
}

/// Tells what the credential sees.
pub fn tell(checked: &Checked, id: &ConnectionId, context: &Context) -> std::io::Result<()> {
    let out = context.out;
    if out.json {
        out.value(
            &json!({ "event": "checked", "connection": id, "scope": scope::value(&checked.scope), "notes": checked.notes }),
        )?;
        return Ok(());
    }
    out.line(format!("{id}: the vendor accepts the credential; it sees"))?;
    for line in scope::lines(&checked.scope) {
        out.line(format!("  {line}"))?;
    }
    for line in sessions::notes(&checked.notes, usize::MAX) {
        out.line(line)?;
    }
    Ok(())
}

/// What became of replacing a credential, or what to do about the vendor's refusal.
///
/// # Errors
/// The secret can't be taken, or the vendor refuses it: then the one there was is still there.
pub fn replaced(whose: Whose<'_>, checked: Result<Option<Checked>, headcount::Error>) -> anyhow::Result<Option<Checked>> {
    match checked {
        Err(headcount::Error::Call(CallError::Failure(failure))) => {
            let exit = if failure.code == FailureCode::Forbidden { Exit::Reconnect } else { Exit::of_failure(&failure) };
            let next = format!("nothing was replaced; {}", advice::for_failure(&failure, Some(whose)));
            Err(Complaint::refused(exit, &failure, next).into())
        }
        other => Ok(other?),
    }
}
