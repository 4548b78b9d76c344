//! A request for an action: what, by whom, and why.

use headcount_store::Guard;
use serde_json::Value;

use crate::Error;

/// The longest name of who asks, key, and reason, in bytes.
const LONGEST_NAME: usize = 256;
const LONGEST_KEY: usize = 128;
const LONGEST_WHY: usize = 2_000;

/// An action that is asked for: what, by whom, and why.
///
/// ```
/// use headcount::ActionRequest;
/// let request = ActionRequest::new("revoke-license", serde_json::json!({ "license-id": "ABC1234567" }), "ana@example.com")
///     .because("left the company")
///     .key("leaver-4711");
/// ```
#[derive(Clone, Debug)]
pub struct ActionRequest {
    pub(super) action: String,
    pub(super) input: Value,
    pub(super) by: String,
    pub(super) through: Option<String>,
    pub(super) why: Option<String>,
    pub(super) key: Option<String>,
    pub(super) guard: Guard,
}

impl ActionRequest {
    /// This action with this input, asked for by this person (or program), who must be known to the caller.
    pub fn new(action: impl Into<String>, input: Value, by: impl Into<String>) -> Self {
        ActionRequest {
            action: action.into(),
            input,
            by: by.into(),
            through: None,
            why: None,
            key: None,
            guard: Guard::default(),
        }
    }

    /// Why.
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// By what means: a command line, a page, a program.
    pub fn through(mut self, through: impl Into<String>) -> Self {
        self.through = Some(through.into());
        self
    }

    /// The caller's own key for it. The same key with the same input is done once: asked for again, it gives what became of it.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// How much may be missing from the lists that are read again after the action, if not as much as usual: where more is, it stays
    /// until the next sync.
    pub fn guard(mut self, guard: Guard) -> Self {
        self.guard = guard;
        self
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let bad = |text: &str, longest: usize| text.trim().is_empty() || text.len() > longest;
        let problem = match self {
            ActionRequest { by, .. } if bad(by, LONGEST_NAME) => "who asks must be named, in at most 256 bytes",
            ActionRequest { key: Some(key), .. } if bad(key, LONGEST_KEY) => "a key has 1 to 128 bytes",
            ActionRequest { why: Some(why), .. } if bad(why, LONGEST_WHY) => "a reason has 1 to 2,000 bytes",
            ActionRequest { through: Some(through), .. } if bad(through, LONGEST_NAME) => "the means have 1 to 256 bytes",
            _ => return Ok(()),
        };
        Err(Error::ActionRequest(problem))
    }
}
