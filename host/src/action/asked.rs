//! What is written down of an action before it is done, and what one gets who asks for it again under the same key.

use headcount_model::Timestamp;
use headcount_model::manifest::Action;
use headcount_sandbox::CallError;
use headcount_store::{ActionRun, ActionState, Connection, InstalledConnector, NewAction};
use headcount_sync::fingerprint;
use serde_json::{Value, json};

use super::{Acted, ActionRequest, unknown_advice};
use crate::{Error, Tenant};

/// What the fingerprint of an action with secrets is derived for, from the host's key.
const FINGERPRINT: &str = "headcount 2026 fingerprint of an action";

impl Tenant {
    /// What is written down of it.
    pub(super) async fn asked(
        &self,
        connection: &Connection,
        installed: &InstalledConnector,
        action: &Action,
        input: &Value,
        request: &ActionRequest,
    ) -> Result<NewAction, Error> {
        let preview = self.describe(connection, &installed.manifest, action, input).await?;
        // What is kept whole can be told again when the host has another key. A secret may be easily guessed from a plain hash.
        let fingerprint = match preview.input == *input {
            true => fingerprint(action, input),
            false => self.inner.vault.derive(&json!([FINGERPRINT, action.name, input]).to_string()),
        };
        Ok(NewAction {
            tenant: self.id.clone(),
            connection: connection.id.clone(),
            connector: connection.connector.clone(),
            digest: installed.digest,
            action: action.name.clone(),
            label: action.label.clone(),
            changes: !action.read_only,
            repeatable: action.idempotent || action.read_only,
            requested_by: request.by.clone(),
            through: request.through.clone(),
            why: request.why.clone(),
            input: preview.input.clone(),
            fingerprint,
            key: request.key.clone(),
            preview: serde_json::to_value(&preview).unwrap_or_default(),
            requested_at: Timestamp::now(),
        })
    }
}

/// What is given to one who asks again under a key that is known.
pub(super) fn again(known: ActionRun, asked: &NewAction) -> Result<Acted, Error> {
    if known.asked.fingerprint != asked.fingerprint {
        return Err(Error::ActionKeyReused { key: asked.key.clone().unwrap_or_default(), run: known.id });
    }
    let run = known.id;
    match (known.state, &known.failure) {
        (ActionState::Done, _) => Ok(Acted { run: known, repeated: true }),
        (ActionState::Refused, Some(failure)) => Err(Error::ActionNotDone { run, error: CallError::Failure(failure.clone()) }),
        (_, failure) => {
            let problem = failure.as_ref().map(ToString::to_string);
            let problem = problem.or_else(|| known.notes.last().cloned()).unwrap_or_default();
            Err(Error::ActionUncertain { run, problem, advice: unknown_advice(&known) })
        }
    }
}
