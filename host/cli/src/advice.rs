//! Errors as people read them: one message, its causes, and what to do next.

use headcount::model::printable;
use headcount::sandbox::CallError;
use headcount::store::{Connection, StoreError};
use headcount::sync::ActionError;
use headcount::{ConnectionId, CredentialName, Failure, FailureCode};

use crate::exit::Complaint;

/// The text for an error, of one or more lines.
pub fn explain(error: &anyhow::Error) -> String {
    told(error.chain(), next(error))
}

/// The same for an error of the host, which stays with its owner.
pub fn explain_host(error: &headcount::Error) -> String {
    let causes = std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error| error.source());
    told(causes, for_host(error))
}

fn told<'a>(causes: impl Iterator<Item = &'a (dyn std::error::Error + 'static)>, next: Option<String>) -> String {
    let mut text = String::new();
    let mut said = String::new();
    for (at, cause) in causes.enumerate() {
        let message = cause.to_string();
        // Transparent errors repeat what stands above them.
        if message.is_empty() || said.contains(&message) {
            continue;
        }
        let mut lines = message.lines();
        let first = lines.next().unwrap_or_default();
        text.push_str(if at == 0 { "error: " } else { "\n  because: " });
        text.push_str(&printable(first));
        for line in lines {
            text.push_str("\n       ");
            text.push_str(&printable(line));
        }
        said.push_str(&message);
        said.push('\n');
    }
    if let Some(next) = next {
        text.push_str("\n  next: ");
        text.push_str(&next);
    }
    text
}

/// What to do about an error, where its message does not say so itself.
fn next(error: &anyhow::Error) -> Option<String> {
    if let Some(complaint) = error.downcast_ref::<Complaint>() {
        return complaint.what_next().map(str::to_owned);
    }
    if let Some(CallError::Failure(failure)) = error.downcast_ref::<CallError>() {
        return Some(for_failure(failure, None));
    }
    error.downcast_ref::<headcount::Error>().and_then(for_host)
}

fn for_host(error: &headcount::Error) -> Option<String> {
    match error {
        headcount::Error::Call(CallError::Failure(failure))
        | headcount::Error::ActionNotDone { error: CallError::Failure(failure), .. } => Some(for_failure(failure, None)),
        headcount::Error::Call(CallError::Trap { .. } | CallError::Contract(_)) => {
            Some("report this to the connector's author, with the text above".to_owned())
        }
        headcount::Error::ConnectionExists(_, id) => Some(format!(
            "go on with the one there is: `headcount connection show {id}`; a new secret: `headcount connection credential {id}`, \
             then `headcount connection launch {id}`; or make a second one with --id ID"
        )),
        headcount::Error::Settings(_) => Some("correct the fields above with --set FIELD=VALUE".to_owned()),
        headcount::Error::Action(ActionError::Input(_)) => {
            Some("`headcount action CONNECTION` lists the actions with their inputs".to_owned())
        }
        headcount::Error::Store(StoreError::NoSession { .. }) => Some("headcount sessions".to_owned()),
        headcount::Error::Store(StoreError::Open { .. }) => {
            Some("check the folder given with --data, and that you may write to it".to_owned())
        }
        _ => None,
    }
}

/// The connection that a failure is of.
#[derive(Clone, Copy, Debug)]
pub struct Whose<'a> {
    /// Which.
    pub id: &'a ConnectionId,
    /// The credential of several connections' that it uses.
    pub credential: Option<&'a CredentialName>,
}

impl<'a> From<&'a Connection> for Whose<'a> {
    fn from(connection: &'a Connection) -> Self {
        Whose { id: &connection.id, credential: connection.credential.as_ref() }
    }
}

/// What to do about a failure: for a connection, where it is known.
pub fn for_failure(failure: &Failure, whose: Option<Whose<'_>>) -> String {
    let id = whose.map_or("CONNECTION", |whose| whose.id.as_str());
    match failure.code {
        FailureCode::Unauthenticated => match whose.and_then(|whose| whose.credential) {
            Some(name) => format!("enter a new credential, for all connections that use it: headcount credential rotate {name}"),
            None => format!("enter a new credential: headcount connection credential {id}"),
        },
        FailureCode::Forbidden => "give the credential the permissions that the connector asks for at the vendor, or enter \
             another; `headcount connector list` and `connector inspect FILE` show them"
            .to_owned(),
        FailureCode::RateLimited => match failure.retry_after {
            Some(seconds) => format!("the vendor asks to wait {seconds} s; then run it again"),
            None => "the vendor wants fewer requests: wait a while, then run it again".to_owned(),
        },
        FailureCode::Unavailable => unavailable(&failure.message, id),
        FailureCode::InvalidConfiguration => format!("correct the setting: headcount connection edit {id} --set FIELD=VALUE"),
        FailureCode::InvalidInput => format!("correct the input; `headcount action {id}` shows what it takes"),
        FailureCode::NotFound => format!("check the id; `headcount sync {id}` reads the vendor's lists anew"),
        FailureCode::Conflict => "the vendor refuses this as things stand; its message says why".to_owned(),
        FailureCode::CursorExpired => "run it again".to_owned(),
        FailureCode::UnexpectedResponse => "report this to the connector's author, with the text above".to_owned(),
        FailureCode::Unsupported => "this organisation, its plan or the connector does not offer it".to_owned(),
    }
}

/// What to do where no answer came, going by the SDK's words for why, or where the host ended a session, going by its own.
fn unavailable(message: &str, id: &str) -> String {
    if message.starts_with(headcount::sync::REPLACED) {
        return "run it again: it goes on with the new credential".to_owned();
    }
    if message.starts_with("the connector used more than its budget of ") {
        if message.contains("nobody can raise it") {
            return "report this to the connector's author, with the text above".to_owned();
        }
        return format!("raise that budget as its message says (headcount budget show --connection {id}), then run it again");
    }
    if message.starts_with("the session took longer than ") {
        return "run it again; `deadline` in the table [serve] of the configuration file says how long it may take".to_owned();
    }
    if message.starts_with("No secure connection to the vendor") {
        return "if its certificate is of an authority of your own, name that with --ca FILE; `headcount audit --json` has the reason"
            .to_owned();
    }
    if message.starts_with("The vendor's host name can't be resolved") {
        return "check the host name in the settings, then run it again; `headcount audit --json` has the reason".to_owned();
    }
    if message.starts_with("The vendor can't be reached") {
        return "check the host in the settings, and that something listens there; `headcount audit --json` has the reason"
            .to_owned();
    }
    "wait until the vendor answers again, then run it again".to_owned()
}

#[cfg(test)]
mod tests {
    use anyhow::Context;
    use headcount::model::Resource;

    use super::*;

    #[test]
    fn an_error_tells_its_causes_once_and_what_to_do() {
        let failure = headcount::Error::Call(CallError::Failure(Failure::new(FailureCode::Unauthenticated, "key revoked")));
        let text = explain(&anyhow::Error::new(failure));
        assert_eq!(
            text,
            "error: unauthenticated: key revoked\n  next: enter a new credential: headcount connection credential CONNECTION"
        );
        let io = anyhow::Error::new(std::io::Error::other("disk on fire")).context("ca.pem can't be read");
        assert_eq!(explain(&io), "error: ca.pem can't be read\n  because: disk on fire");
    }

    #[test]
    fn who_does_not_reach_the_vendor_is_told_what_to_look_at() {
        for (message, words) in [
            ("No secure connection to the vendor could be made.", "--ca FILE"),
            ("The vendor's host name can't be resolved.", "check the host name"),
            ("The vendor can't be reached.", "listens there"),
            ("The vendor did not answer in time.", "wait until"),
            ("the session took longer than 7200s", "`deadline`"),
        ] {
            let next = for_failure(&Failure::new(FailureCode::Unavailable, message), None);
            assert!(next.contains(words), "{message}: {next}");
        }
    }

    #[test]
    fn who_ran_out_of_a_budget_is_told_of_the_budget() {
        let (budget, id) = (headcount::Budget::default(), "tines".parse().unwrap());
        for (resource, words) in [(Resource::Memory, "headcount budget show --connection tines"), (Resource::Instances, "author")]
        {
            let message = budget.excess(resource).to_string();
            let next =
                for_failure(&Failure::new(FailureCode::Unavailable, message.clone()), Some(Whose { id: &id, credential: None }));
            assert!(next.contains(words) && !next.contains("wait"), "{message}: {next}");
        }
    }

    #[test]
    fn a_vendors_terminal_escapes_do_not_reach_the_terminal() {
        let hostile = Err::<(), _>(std::io::Error::other("\u{1b}[2Jgone")).context("read\u{1b}]0;x").unwrap_err();
        assert!(!explain(&hostile).contains('\u{1b}'));
    }
}
