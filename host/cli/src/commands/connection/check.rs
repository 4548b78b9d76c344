//! `headcount connection check`: asks the vendor who the credential is.

use headcount::sandbox::CallError;
use headcount::{ConnectionId, FailureCode, Tenant};
use serde_json::json;

use crate::advice;
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
    let checked = match tenant.check(id).await {
        Err(headcount::Error::Call(CallError::Failure(failure))) => {
            let next = advice::for_failure(&failure, Some(id.as_str()));
            // A credential that may not even be asked who it is must be replaced.
            let exit = if failure.code == FailureCode::Forbidden { Exit::Reconnect } else { Exit::of_failure(&failure) };
            return Err(Complaint::refused(exit, &failure, next).into());
        }
        other => other?,
    };
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
