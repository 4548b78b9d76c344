//! What egress remembers of requests, for the operator: no headers, no bodies, no query values.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// Requests that are remembered.
const REMEMBERED: usize = 256;
const LONGEST: usize = 512;

/// One request, as the operator may see it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub struct RequestEvent {
    /// The method.
    pub method: String,
    /// The host; with its port where that is not the scheme's own.
    pub host: String,
    /// The path, and the names of the query's parameters. Shown through [`printable`](headcount_model::printable).
    pub path: String,
    /// The status of the last response.
    pub status: Option<u16>,
    /// Milliseconds from the request to its response's last byte, waits and repeats included.
    pub millis: u64,
    /// Bytes of the response's body on the wire.
    pub received: u64,
    /// How often it was sent.
    pub attempts: u32,
    /// Secrets that were overwritten in its response.
    pub scrubbed: u64,
    /// Why it did not leave, or its response did not arrive whole.
    pub refused: Option<String>,
}

/// The last events of one gate.
#[derive(Default)]
pub(crate) struct Events(Mutex<Ring>);

#[derive(Default)]
struct Ring {
    first: u64,
    events: VecDeque<RequestEvent>,
}

impl Events {
    /// Adds an event, and says how to find it again.
    pub fn add(&self, mut event: RequestEvent) -> u64 {
        clip(&mut event.path);
        clip(&mut event.host);
        clip(&mut event.method);
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.events.len() >= REMEMBERED {
            ring.events.pop_front();
            ring.first += 1;
        }
        ring.events.push_back(event);
        ring.first + ring.events.len() as u64 - 1
    }

    /// Changes an event, unless it has been forgotten.
    pub fn change(&self, id: u64, change: impl FnOnce(&mut RequestEvent)) {
        let mut ring = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = id.checked_sub(ring.first).and_then(|at| usize::try_from(at).ok());
        if let Some(event) = at.and_then(|at| ring.events.get_mut(at)) {
            change(event);
        }
    }

    /// The events, oldest first.
    pub fn list(&self) -> Vec<RequestEvent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).events.iter().cloned().collect()
    }
}

fn clip(text: &mut String) {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_events_are_kept_and_forgotten_ones_are_not_mistaken_for_others() {
        let events = Events::default();
        let first = events.add(RequestEvent { path: "/é".repeat(1_000), ..RequestEvent::default() });
        assert!(events.list()[0].path.len() <= LONGEST);
        for at in 0..REMEMBERED as u32 {
            let id = events.add(RequestEvent::default());
            events.change(id, |event| event.attempts = at);
        }
        events.change(first, |event| event.attempts = 9_999);
        let kept = events.list();
        assert_eq!(kept.len(), REMEMBERED);
        assert!(kept.iter().enumerate().all(|(at, event)| event.attempts == at as u32));
    }
}
