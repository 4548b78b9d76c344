//! What came of an attack, and whether it is what had to.

use std::time::Duration;

use headcount::sandbox::egress::RequestEvent;
use headcount::sandbox::{CallError, Excess, PackageError, Resource, Usage};
use headcount::{Error, SessionState};

use super::{Attack, End};

/// What came of an attack.
#[derive(Debug)]
pub struct Seen {
    /// How it ended.
    pub ended: Ended,
    /// The requests that it made, or tried to.
    pub events: Vec<RequestEvent>,
    /// What it used.
    pub usage: Usage,
    /// Bytes that were kept of what it wrote to its log, and how many may be.
    pub kept_log: (u64, u64),
    /// How long it took.
    pub took: Duration,
    /// Everything that came out of it, in which no secret may stand.
    pub output: String,
}

/// How an attack ended.
#[derive(Debug)]
pub enum Ended {
    /// The connector answered.
    Answered,
    /// A budget stopped it.
    Excess(Excess),
    /// It trapped, for this reason.
    Trap(String),
    /// It broke the contract, so.
    Breach(String),
    /// It says this.
    Says(String),
    /// The host refused, with these words.
    Refused(String),
    /// A session ended so, with these words; and whether somebody lost something by it.
    Session {
        /// Its state.
        state: SessionState,
        /// Why.
        words: String,
        /// What is not there any more.
        lost: Vec<String>,
    },
}

impl Seen {
    /// What came out when no call was made.
    pub(super) fn only(ended: Ended, took: Duration) -> Self {
        Seen { output: format!("{ended:?}"), ended, events: Vec::new(), usage: Usage::default(), kept_log: (0, 0), took }
    }

    /// A refusal of the host's.
    pub(super) fn refusal(error: &Error, took: Duration) -> Self {
        Seen::only(Ended::Refused(error.to_string()), took)
    }

    /// Whether this is how the attack has to end.
    ///
    /// # Errors
    /// Says how it ended instead.
    pub fn judge(&self, attack: &Attack) -> Result<(), String> {
        let name = attack.name;
        let ended = match (&attack.end, &self.ended) {
            (End::Excess(resource), Ended::Excess(excess)) => excess.resource == *resource,
            (End::Late, Ended::Excess(excess)) => excess.resource == Resource::Call,
            (End::Late, Ended::Says(text)) => text.to_lowercase().contains("timeout"),
            (End::Trap(words), Ended::Trap(text))
            | (End::Breach(words), Ended::Breach(text))
            | (End::Says(words), Ended::Says(text))
            | (End::Refused(words), Ended::Refused(text)) => text.contains(words),
            (End::Answers, Ended::Answered) => true,
            (End::Session(state, words), Ended::Session { state: found, words: text, lost }) => {
                if !lost.is_empty() {
                    return Err(format!("{name}: these were lost: {lost:?}"));
                }
                state == found && text.contains(words)
            }
            _ => false,
        };
        if !ended {
            return Err(format!("{name} had to end with {:?}, and ended with {:?}", attack.end, self.ended));
        }
        let (kept, most) = self.kept_log;
        if kept > most {
            return Err(format!("{name}: {kept} bytes of its log were kept, of {most} at most"));
        }
        if attack.floods_its_log && self.usage.log_bytes <= most {
            return Err(format!("{name} wrote no more than {} bytes, which its log takes", self.usage.log_bytes));
        }
        let reasons: Vec<&str> = self.events.iter().filter_map(|event| event.refused.as_deref()).collect();
        match attack.refused.iter().find(|words| !reasons.iter().any(|reason| reason.contains(*words))) {
            Some(words) => Err(format!("{name}: no request was refused for {words:?}, but: {reasons:?}")),
            None => Ok(()),
        }
    }
}

impl From<CallError> for Ended {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Excess(excess) => Ended::Excess(excess),
            CallError::Failure(failure) => Ended::Says(failure.message),
            CallError::Contract(words) => Ended::Breach(words),
            other => Ended::Trap(other.to_string()),
        }
    }
}

impl From<PackageError> for Ended {
    fn from(error: PackageError) -> Self {
        Ended::Refused(error.to_string())
    }
}
