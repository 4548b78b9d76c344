//! Actions: hold the input to its schema, ask the connector once, tell whether it was done, and judge what it says it did.

mod belief;
mod form;
mod input;
mod preview;
mod refresh;
mod secret;

use headcount_model::manifest::Action;
use headcount_model::{Decision, Failure, FailureCode, Manifest, Outcome, RequestEvent, Timestamp};
use headcount_sandbox::CallError;
use headcount_store::{ActionEnd, ActionState, Brought, Guard, StagedPage};
use serde_json::Value;

use crate::attributes::Sieve;
use crate::filters;
use crate::scope::{self, ScopeVerdict};
use crate::session::Job;
use crate::verdict::brought_in_by;

use self::refresh::Again;

pub use form::{FieldKind, Form, FormField, form, value as form_value};
pub use input::{Named, fingerprint, kept as kept_input};
pub use preview::{Concern, Preview};

/// The longest answer that is kept, in bytes of JSON.
const LONGEST_ANSWER: usize = 64 * 1024;
/// Requests of one run whose records are remembered: past them, nobody knows what was sent.
const REMEMBERED: u64 = 256;

/// Why an action can't be asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActionError {
    /// The manifest has no such action.
    #[error("{connector} has no action {action}; it has: {known}")]
    Unknown {
        /// The connector.
        connector: String,
        /// What was asked for.
        action: String,
        /// What there is.
        known: String,
    },
    /// The input does not fit the action's schema.
    #[error("the input does not fit: {0}")]
    Input(String),
    /// The manifest's schema can't be used.
    #[error("the manifest's schema of this action can't be used: {0}")]
    Schema(String),
}

/// The action of this name, and the input with the schema's defaults, which fits.
///
/// # Errors
/// There is no such action, or the input does not fit.
pub async fn prepare<'a>(manifest: &'a Manifest, action: &str, input: &Value) -> Result<(&'a Action, Value), ActionError> {
    let Some(declared) = manifest.action(action) else {
        let known: Vec<&str> = manifest.actions.iter().map(|action| action.name.as_str()).collect();
        return Err(ActionError::Unknown {
            connector: manifest.name.clone(),
            action: action.to_owned(),
            known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
        });
    };
    let input = input::checked(declared, input).await?;
    Ok((declared, input))
}

/// What became of asking a connector for an action.
pub struct Attempt {
    /// What the store is told.
    pub end: ActionEnd,
    /// Why it was not done, or why nobody knows, where it wasn't done for sure.
    pub error: Option<CallError>,
}

/// Does an action, once: asks who the credential is where the connection knows its organisation, then the connector; reads again
/// what the connector does not tell of, as far as the guard lets it. `input` has been [prepared](prepare); `about` are the accounts
/// that it names.
pub async fn attempt(job: &Job<'_>, action: &Action, input: &Value, named: &Named, about: &[String], guard: &Guard) -> Attempt {
    let mut proves = true;
    if let Some(baseline) = &job.connection.baseline {
        let mut scope = match job.source.check().await {
            Ok(scope) => scope,
            Err(error) => return failed(job, action, error),
        };
        scope::note_dropped(&mut scope, Some(baseline), job.manifest);
        match scope::judge(&scope, Some(baseline)) {
            ScopeVerdict::Foreign(reason) => {
                return failed(job, action, Failure::new(FailureCode::InvalidConfiguration, reason).into());
            }
            verdict => proves = verdict == ScopeVerdict::Sufficient,
        }
    }
    let outcome = match job.source.invoke(&action.name, input).await {
        Ok(outcome) => outcome,
        Err(error) => return failed(job, action, error),
    };
    if action.read_only && !(outcome.gone.is_empty() && outcome.gone_grants.is_empty()) {
        let breach = format!("{} only reads, but says that something is gone", action.name);
        return failed(job, action, CallError::Contract(breach));
    }
    done(job, action, outcome, named, about, Again { proves, guard }).await
}

async fn done(job: &Job<'_>, action: &Action, outcome: Outcome, named: &Named, about: &[String], again: Again<'_>) -> Attempt {
    let asked_at = Timestamp::now();
    let (summary, output) = (outcome.summary.clone(), outcome.output.clone());
    let tells = !(outcome.records.is_empty() && outcome.gone.is_empty() && outcome.gone_grants.is_empty());
    let mut believed = belief::believe(outcome, action, named);
    let effects = belief::effects(&believed);
    let mut notes = std::mem::take(&mut believed.notes);
    let mut brought =
        Brought { gone: believed.gone, gone_grants: believed.gone_grants, about: about.to_vec(), ..Brought::default() };
    let sieve = Sieve::new(&job.manifest.never_kept);
    if !believed.records.is_empty() {
        brought.pages.push(StagedPage {
            feed: brought_in_by(&action.name),
            parent: None,
            number: 0,
            order: (0, 0, 0),
            cursor: None,
            records: crate::page::clean(believed.records, &sieve, job.budget.record_bytes),
            repeats: headcount_model::Kind::ALL.into_iter().collect(),
            carries: Default::default(),
            seen: Vec::new(),
            asked_at: Some(asked_at),
        });
    }
    if !tells && !action.read_only {
        refresh::read_again(job, named, &again, &mut brought, &mut notes).await;
        if brought.pages.is_empty() {
            notes.push("the store does not know of it yet: it comes with the next sync".to_owned());
        }
    }
    notes.extend(filters::keep_in_scope(job.store, job.connection, &mut brought.pages).await);
    let output = answer(action, job, output.as_deref(), &mut notes);
    if let (Some(answer), [account]) = (&output, about) {
        brought.answer = Some((account.clone(), answer.clone()));
    }
    let end = ActionEnd {
        state: ActionState::Done,
        ended_at: Timestamp::now(),
        summary: Some(summary),
        effects,
        output,
        failure: None,
        notes,
        requests: job.source.usage().requests,
        brings: Some(brought),
    };
    Attempt { end, error: None }
}

/// The answer, where it fits its schema and can be kept.
fn answer(action: &Action, job: &Job<'_>, output: Option<&str>, notes: &mut Vec<String>) -> Option<Value> {
    let text = output?;
    if text.len() > LONGEST_ANSWER {
        notes.push(format!("its answer is {} bytes long and was not kept; at most {LONGEST_ANSWER} are", text.len()));
        return None;
    }
    let wrapped = format!("{{\"answer\":{text}}}");
    let clean = Sieve::new(&job.manifest.never_kept).clean(&wrapped);
    let mut clean: Value = serde_json::from_str(clean.as_deref()?).ok()?;
    let answer = clean.get_mut("answer")?.take();
    let problems = action.output.clone().map(|schema| input::problems(schema, &answer).unwrap_or_else(|problem| vec![problem]));
    match problems.unwrap_or_default().as_slice() {
        [] => Some(answer),
        problems => {
            notes.push(format!("its answer is not what the manifest says, and was not kept: {}", problems.join("; ")));
            None
        }
    }
}

fn failed(job: &Job<'_>, action: &Action, error: CallError) -> Attempt {
    let requests = job.source.usage().requests;
    let state = fate(action, &error, &job.source.events(), requests);
    let failure = match &error {
        CallError::Failure(failure) => failure.clone(),
        CallError::Crowded(_) | CallError::Excess(_) => Failure::new(FailureCode::Unavailable, error.to_string()),
        _ => Failure::new(FailureCode::UnexpectedResponse, error.to_string()),
    };
    let end = ActionEnd {
        state,
        ended_at: Timestamp::now(),
        summary: None,
        effects: Vec::new(),
        output: None,
        failure: Some(failure),
        notes: job.source.notes(),
        requests,
        brings: None,
    };
    Attempt { end, error: Some(error) }
}

/// What became of an action that ended with an error. The requests tell: whatever left and was not plainly refused may have been
/// done.
fn fate(action: &Action, error: &CallError, events: &[RequestEvent], requests: u64) -> ActionState {
    let is_safe = |event: &&RequestEvent| matches!(event.method.as_str(), "GET" | "HEAD");
    // The host's own, for an access token: it asks the vendor for nothing that the action does.
    let is_own = |event: &&RequestEvent| event.rule == RequestEvent::TOKEN_URL;
    let left = |event: &&RequestEvent| event.decision != Decision::Denied && event.address.is_some();
    let refused = |event: &RequestEvent| event.status.is_some_and(|status| (400..500).contains(&status) && status != 408);
    let mut writes = events.iter().filter(|event| !is_safe(event) && !is_own(event)).filter(left);
    if !action.read_only && (!writes.all(refused) || requests > REMEMBERED) {
        return ActionState::Unknown;
    }
    match error {
        CallError::Failure(failure) if !failure.code.is_retryable() => ActionState::Refused,
        _ => ActionState::Failed,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(method: &str, status: Option<u16>, left: bool) -> RequestEvent {
        let address = left.then(|| ([127, 0, 0, 1], 443).into());
        RequestEvent { method: method.into(), decision: Decision::Allowed, status, address, ..RequestEvent::default() }
    }

    fn ends(code: FailureCode, events: &[RequestEvent]) -> ActionState {
        let action = serde_json::from_value(json!({ "name": "a", "label": "A", "input": { "type": "object" } })).unwrap();
        fate(&action, &Failure::new(code, "no").into(), events, events.len() as u64)
    }

    #[test]
    fn what_may_have_been_done_is_unknown_and_what_was_refused_is_not() {
        use ActionState::{Failed, Refused, Unknown};
        let read = event("GET", Some(200), true);
        for (code, write, state) in [
            (FailureCode::Conflict, event("POST", Some(400), true), Refused),
            (FailureCode::Unavailable, event("POST", None, true), Unknown),
            (FailureCode::Unavailable, event("POST", None, false), Failed),
            (FailureCode::Unavailable, event("POST", Some(502), true), Unknown),
            (FailureCode::Unavailable, event("POST", Some(408), true), Unknown),
            (FailureCode::UnexpectedResponse, event("POST", Some(200), true), Unknown),
            (FailureCode::RateLimited, event("POST", Some(429), true), Failed),
        ] {
            assert_eq!(ends(code, &[read.clone(), write.clone()]), state, "{write:?}");
        }
        assert_eq!(ends(FailureCode::NotFound, std::slice::from_ref(&read)), Refused);
        assert_eq!(ends(FailureCode::Unavailable, &[read]), Failed);
        let denied = RequestEvent { decision: Decision::Denied, ..event("POST", None, false) };
        assert_eq!(ends(FailureCode::Unavailable, &[denied]), Failed);
        // The host asked for a token, and the action for nothing.
        let token = RequestEvent { rule: RequestEvent::TOKEN_URL.to_owned(), ..event("POST", Some(200), true) };
        assert_eq!(ends(FailureCode::Unavailable, std::slice::from_ref(&token)), Failed);
        assert_eq!(ends(FailureCode::Unavailable, &[token, event("POST", Some(200), true)]), Unknown);
    }
}
