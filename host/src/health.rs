//! Signs of life of what serves: a worker and a courier give one with each turn, so that an operator can tell a program that works
//! from one that only runs.

use std::sync::{Arc, Mutex, PoisonError};

use headcount_model::Timestamp;

/// A sign of life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beat {
    /// When.
    pub at: Timestamp,
    /// What went wrong in that turn; none where all is well.
    pub problem: Option<String>,
}

/// Where signs of life are given and looked for. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<Mutex<Option<Beat>>>);

impl Pulse {
    /// The newest sign of life; none before the first turn.
    pub fn last(&self) -> Option<Beat> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn beat(&self, at: Timestamp, problem: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Beat { at, problem });
    }
}
