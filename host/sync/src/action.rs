//! Actions: validate the input, ask the connector once, and bring what it changed into the store.

use headcount_model::{Failure, FailureCode, Outcome, Timestamp};
use headcount_sandbox::CallError;
use headcount_store::{Apply, NewSession, SessionEnd, SessionState, StagedPage, StoreError};
use serde_json::{Map, Value};

use crate::attributes::Sieve;
use crate::people;
use crate::scope::{self, ScopeVerdict};
use crate::session::Job;
use crate::verdict::brought_in_by;

/// Why an action was not done, or not known to be done.
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
    /// The connector, or the vendor, refused.
    #[error(transparent)]
    Call(#[from] CallError),
    /// It was done, but the store failed; the next sync brings it in.
    #[error("the action was done, but its result was not stored: {0}")]
    Store(#[from] StoreError),
}

/// Does one action, at most once, and brings what it changed into the store.
///
/// # Errors
/// See [`ActionError`]; after [`ActionError::Store`] the action has been done.
pub async fn act(job: &Job<'_>, action: &str, input: &Value) -> Result<Outcome, ActionError> {
    let Some(declared) = job.manifest.action(action) else {
        let known: Vec<&str> = job.manifest.actions.iter().map(|action| action.name.as_str()).collect();
        return Err(ActionError::Unknown {
            connector: job.manifest.name.clone(),
            action: action.to_owned(),
            known: if known.is_empty() { "none".to_owned() } else { known.join(", ") },
        });
    };
    check_input(declared.input.clone(), input.clone()).await?;
    if let Some(baseline) = &job.connection.baseline {
        let scope = job.source.check().await?;
        if let ScopeVerdict::Foreign(reason) = scope::judge(&scope, Some(baseline)) {
            return Err(CallError::Failure(Failure::new(FailureCode::InvalidConfiguration, reason)).into());
        }
    }
    let outcome = job.source.invoke(action, input).await?;
    if declared.read_only && !(outcome.gone.is_empty() && outcome.gone_grants.is_empty()) {
        return Err(CallError::Contract(format!("{action} only reads, but says that something is gone")).into());
    }
    bring_in(job, action, &outcome).await?;
    Ok(outcome)
}

/// Holds the input against the action's schema, on a thread where it may take long.
async fn check_input(schema: Map<String, Value>, input: Value) -> Result<(), ActionError> {
    let checking = tokio::task::spawn_blocking(move || {
        // The manifest's check bounds the schema and lets no reference out of it; the validator is built without resolvers, for the
        // one dialect that was checked, and with a linear-time engine for patterns.
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .with_pattern_options(jsonschema::PatternOptions::regex())
            .build(&Value::Object(schema))
            .map_err(|error| ActionError::Schema(error.to_string()))?;
        let problems: Vec<String> = validator
            .iter_errors(&input)
            .take(5)
            .map(|error| match error.instance_path().as_str() {
                "" => error.to_string(),
                path => format!("{}: {error}", path.trim_start_matches('/')),
            })
            .collect();
        if problems.is_empty() { Ok(()) } else { Err(ActionError::Input(problems.join("; "))) }
    });
    checking.await.map_err(|error| ActionError::Schema(format!("checking the input failed: {error}")))?
}

/// What an action changed goes through staging as a sync's page does; it proves nothing but what it says is gone.
async fn bring_in(job: &Job<'_>, action: &str, outcome: &Outcome) -> Result<(), StoreError> {
    if outcome.records.is_empty() && outcome.gone.is_empty() && outcome.gone_grants.is_empty() {
        return Ok(());
    }
    let tenant = &job.connection.tenant;
    let now = Timestamp::now();
    let session = NewSession {
        tenant: tenant.clone(),
        connection: job.connection.id.clone(),
        digest: job.digest,
        credential: job.credential.clone(),
        started_at: now,
    };
    let id = job.store.begin_session(&session).await?;
    let sieve = Sieve::new(&job.manifest.never_kept);
    let page = StagedPage {
        feed: brought_in_by(action),
        parent: None,
        number: 0,
        order: (0, 0, 0),
        cursor: None,
        records: crate::page::clean(outcome.records.clone(), &sieve, job.budget.record_bytes),
        repeats: headcount_model::Kind::ALL.into_iter().collect(),
        seen: Vec::new(),
    };
    let apply =
        Apply { now: Some(now), gone: outcome.gone.clone(), gone_grants: outcome.gone_grants.clone(), ..Apply::default() };
    let mut counters = headcount_store::Counters::default();
    let applied = async {
        job.store.stage_page(tenant, id, &page, &counters).await?;
        job.store.apply(tenant, id, &apply).await
    }
    .await;
    let (state, failure) = match &applied {
        Ok(_) => (SessionState::Complete, None),
        Err(error) => (SessionState::Failed, Some(Failure::new(FailureCode::Unavailable, error.to_string()))),
    };
    if let Ok(applied) = &applied {
        counters.kinds = applied.kinds.clone();
        counters.requests = job.source.usage().requests;
    }
    let mut notes = vec![format!("action {action}: {}", outcome.summary)];
    if applied.is_ok() {
        notes.extend(people::correlate(job.store, job.connection).await);
    }
    let end = SessionEnd { state, ended_at: Timestamp::now(), counters, scope: None, failure, notes, health: None };
    job.store.end_session(tenant, id, &end).await?;
    applied.map(drop)
}
