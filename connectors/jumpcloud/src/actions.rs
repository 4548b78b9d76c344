//! Suspending people and letting them back in. What JumpCloud then says of them is read back.

use headcount_connector::prelude::*;

use crate::{Config, account, of_organization};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Target {
    user_id: String,
}

/// Sets a person's state.
pub fn set_state(vendor: &Vendor<Config>, target: Target, active: bool) -> Result<Outcome> {
    let id = target.user_id.trim();
    if id.starts_with("admin:") {
        return Err(Failure::invalid_input(
            "user-id",
            "Administrators of the console can be suspended only in the console itself.",
        ));
    }
    let state = if active { "ACTIVATED" } else { "SUSPENDED" };
    let change = of_organization(vendor, vendor.put(path!("/systemusers/{}", id))).body(json!({ "state": state }));
    change.send().map_err(|failure| match failure.code {
        FailureCode::NotFound => failure.with_field("user-id"),
        _ => failure,
    })?;
    let mut out = Out::default();
    let read_back = of_organization(vendor, vendor.get(path!("/systemusers/{}", id))).send();
    let summary = match read_back.and_then(|answer| {
        account::user(answer.json()?, answer.raw()?, &mut out);
        Ok(())
    }) {
        // It is done: what can't be read back now comes with the next sync.
        Err(failure) => format!("{id} is now {}; it could not be read back: {}", state.to_lowercase(), failure.message),
        Ok(()) => String::new(),
    };
    let records = out.records();
    let summary = match records.users() {
        [user] => {
            let name = user.email.as_deref().filter(|email| !email.is_empty()).unwrap_or(id);
            let suspended = user.status == Some(UserStatus::Suspended);
            match (active, suspended) {
                (true, true) => format!("JumpCloud took the change, but still says that {name} is suspended"),
                (false, false) => format!("JumpCloud took the change, but does not say that {name} is suspended"),
                (true, false) if user.status == Some(UserStatus::Locked) => {
                    format!("{name} is no longer suspended, but is locked after wrong passwords")
                }
                (true, false) => format!("{name} may sign in again"),
                (false, true) => format!("{name} is suspended"),
            }
        }
        _ => summary,
    };
    Ok(Outcome { summary, records, ..Default::default() })
}
