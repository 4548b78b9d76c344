//! Where pages come from: a connector in its sandbox, or a script in a test.

use async_trait::async_trait;
use headcount_model::{Outcome, Page, RequestEvent, Scope, SessionId};
use headcount_sandbox::{CallError, Run, Usage};

/// What a session asks. Calls may come at once; each is one call into the connector.
#[async_trait]
pub trait Source: Send + Sync {
    /// Asks who the credential is.
    async fn check(&self) -> Result<Scope, CallError>;
    /// Reads one page.
    async fn read(&self, feed: &str, parent: Option<&str>, cursor: Option<&str>) -> Result<Page, CallError>;
    /// Hears that the last page of a list is in the store: its source need no longer count it as held in memory.
    fn stored(&self, _feed: &str, _parent: Option<&str>) {}
    /// Does one action.
    async fn invoke(&self, action: &str, input: &serde_json::Value) -> Result<Outcome, CallError>;
    /// What was used so far.
    fn usage(&self) -> Usage;
    /// The requests of the calls so far, as far as they are remembered.
    fn events(&self) -> Vec<RequestEvent> {
        Vec::new()
    }
    /// What a person should know of the calls so far, beside their results.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }
    /// Hears which session the calls that follow belong to.
    fn of_session(&self, _session: SessionId) {}
}

#[async_trait]
impl Source for Run {
    async fn check(&self) -> Result<Scope, CallError> {
        Run::check(self).await
    }

    async fn read(&self, feed: &str, parent: Option<&str>, cursor: Option<&str>) -> Result<Page, CallError> {
        Run::read(self, feed, parent, cursor).await
    }

    fn stored(&self, feed: &str, parent: Option<&str>) {
        Run::stored(self, feed, parent);
    }

    async fn invoke(&self, action: &str, input: &serde_json::Value) -> Result<Outcome, CallError> {
        Run::invoke(self, action, input).await
    }

    fn usage(&self) -> Usage {
        Run::usage(self)
    }

    fn events(&self) -> Vec<RequestEvent> {
        Run::events(self)
    }

    fn notes(&self) -> Vec<String> {
        Run::notes(self)
    }

    fn of_session(&self, session: SessionId) {
        Run::of_session(self, session);
    }
}
