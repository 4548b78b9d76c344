//! One call: what is asked, how the connector is asked, and what comes back.

use headcount_model::{Outcome, Page, Scope};
use tokio::runtime::{Handle, RuntimeFlavor};

use super::state::Instance;
use crate::budget::Meter;
use crate::convert::{self, overwritten, weight};
use crate::egress::Purpose;
use crate::engine::Held;
use crate::error::CallError;

/// What is asked.
pub(super) enum Job {
    Check,
    Read {
        feed: String,
        parent: Option<String>,
        cursor: Option<String>,
    },
    Invoke {
        action: String,
        input: String,
    },
    Dump,
    #[cfg(test)]
    Panic,
}

/// What comes back.
pub(super) enum Answer {
    Scope(Scope),
    /// With what it takes of the memory of all.
    Page(Page, Option<Held>),
    Outcome(Outcome),
    Memories(Vec<Vec<u8>>),
}

impl Answer {
    /// Itself, unless an id or a key in it shows an overwritten secret.
    pub(super) fn without_overwritten_ids(self) -> Result<Self, CallError> {
        match &self {
            Answer::Page(page, _) => overwritten::page(page)?,
            Answer::Scope(scope) => overwritten::scope(scope)?,
            Answer::Outcome(_) | Answer::Memories(_) => {}
        }
        Ok(match self {
            Answer::Outcome(outcome) => Answer::Outcome(overwritten::outcome(outcome)),
            other => other,
        })
    }
}

impl Job {
    /// An action gets an instance of its own: it has other rights on the network than reading.
    pub(super) fn may_share_an_instance(&self) -> bool {
        !self.acts()
    }

    /// Whether it may change something at the vendor.
    pub(super) fn acts(&self) -> bool {
        matches!(self, Job::Invoke { .. })
    }

    /// What requests are for.
    pub(super) fn purpose(&self) -> Purpose {
        match self {
            Job::Invoke { action, .. } => Purpose::Action(action.clone()),
            _ => Purpose::Read,
        }
    }

    /// Asks. The outer error is the engine's, the inner one the connector's or the host's.
    pub(super) async fn ask(self, instance: &mut Instance, meter: &Meter) -> wasmtime::Result<Result<Answer, CallError>> {
        let Instance { store, guest } = instance;
        let api = guest.headcount_connector_api();
        Ok(match self {
            Job::Check => match api.call_check(&mut *store).await? {
                Ok(scope) => match store.data().hold(weight::scope(&scope)) {
                    Ok(_held) => convert::scope(scope, meter).map(Answer::Scope),
                    Err(crowded) => Err(crowded.into()),
                },
                Err(failure) => Err(convert::failure(failure).into()),
            },
            Job::Read { feed, parent, cursor } => {
                match api.call_read(&mut *store, &feed, parent.as_deref(), cursor.as_deref()).await? {
                    Ok(page) => match store.data().hold(weight::page(&page)) {
                        Ok(held) => aside(|| convert::page(page, meter)).map(|page| Answer::Page(page, Some(held))),
                        Err(crowded) => Err(crowded.into()),
                    },
                    Err(failure) => Err(convert::failure(failure).into()),
                }
            }
            Job::Invoke { action, input } => match api.call_invoke(&mut *store, &action, &input).await? {
                // It is done: it is read in any case.
                Ok(outcome) => {
                    let _held = store.data().hold(weight::outcome(&outcome));
                    aside(|| convert::outcome(outcome, meter)).map(Answer::Outcome)
                }
                Err(failure) => Err(convert::failure(failure).into()),
            },
            Job::Dump => instance.memories().await.map(Answer::Memories),
            #[cfg(test)]
            Job::Panic => panic!("as the test wants"),
        })
    }
}

/// Does work that can take long, as an answer can be large, without holding up the other tasks of this thread. A runtime of one
/// thread has no other to give them to.
pub(super) fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        _ => work(),
    }
}
