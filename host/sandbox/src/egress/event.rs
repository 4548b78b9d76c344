//! What egress remembers of requests, for the operator: the newest ones here, each one in the audit trail.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use headcount_model::{AuditRecord, Decision, RequestEvent, Timestamp};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::Egress;
use super::gate::Gate;
use super::refusal::{Refusal, Wait};

/// Requests that are remembered.
const REMEMBERED: usize = 256;
const LONGEST: usize = 512;
/// Denied requests of one session that each leave a record. Of those that follow, every one whose number is a power of two does.
const DENIED_RECORDS: u64 = 1_000;

/// Room for one record in the audit trail.
pub(super) type Room = mpsc::OwnedPermit<AuditRecord>;

/// The last events of one gate.
#[derive(Default)]
pub(crate) struct Events {
    ring: Mutex<VecDeque<Arc<Mutex<RequestEvent>>>>,
    /// Requests that ended denied, without having left.
    denied: AtomicU64,
}

impl Events {
    fn add(&self, mut event: RequestEvent) -> Arc<Mutex<RequestEvent>> {
        clip(&mut event);
        let event = Arc::new(Mutex::new(event));
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() >= REMEMBERED {
            ring.pop_front();
        }
        ring.push_back(event.clone());
        event
    }

    /// The number of a request that ends denied, counted from one.
    fn next_denied(&self) -> u64 {
        self.denied.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// The events, oldest first.
    pub fn list(&self) -> Vec<RequestEvent> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.iter().map(|event| event.lock().unwrap_or_else(PoisonError::into_inner).clone()).collect()
    }
}

/// One request on its way. When the last clone is dropped, whatever became of it, its record goes to the audit trail.
#[derive(Clone)]
pub(super) struct Trace(Arc<Open>);

struct Open {
    gate: Arc<Gate>,
    at: Timestamp,
    event: Arc<Mutex<RequestEvent>>,
    room: Mutex<Option<Room>>,
}

impl Trace {
    /// Begins a request's event.
    pub fn begin(gate: &Arc<Gate>, event: RequestEvent) -> Self {
        let event = gate.events.add(event);
        Trace(Arc::new(Open { gate: gate.clone(), at: Timestamp::now(), event, room: Mutex::default() }))
    }

    /// Changes the event.
    pub fn change(&self, change: impl FnOnce(&mut RequestEvent)) {
        let mut event = self.0.event.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut event);
        clip(&mut event);
    }

    /// Waits until the audit trail has room for the record, so that none is lost while the store is slow.
    pub async fn room(&self, deadline: Instant) -> Result<(), Refusal> {
        let has_room = || self.0.room.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if has_room() {
            return Ok(());
        }
        if let Some(room) = self.0.gate.egress.audit_room(deadline).await? {
            *self.0.room.lock().unwrap_or_else(PoisonError::into_inner) = Some(room);
        }
        Ok(())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if self.gate.egress.options.audit.is_none() {
            return;
        }
        let mut request = self.event.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if request.status.is_none() && request.refused.is_none() {
            request.refused = Some("the call ended before the response came".to_owned());
        }
        if request.decision == Decision::Denied && request.address.is_none() {
            let number = self.gate.events.next_denied();
            if number > DENIED_RECORDS {
                if !number.is_power_of_two() {
                    return;
                }
                let reason = request.refused.get_or_insert_default();
                reason.push_str(&format!(
                    "; it is number {number} of this session's denied requests, most of which leave no record"
                ));
            }
        }
        let record = self.gate.record(self.at, request);
        let room = self.room.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        self.gate.egress.keep(record, room);
    }
}

impl Egress {
    /// Waits for room for one record in the audit trail; none where nobody keeps one.
    pub(super) async fn audit_room(&self, deadline: Instant) -> Result<Option<Room>, Refusal> {
        let Some(trail) = &self.options.audit else { return Ok(None) };
        let limit = deadline.saturating_duration_since(Instant::now());
        let late = |_| Refusal::Timeout { what: Wait::Audit, limit };
        // Whoever took the records may have gone: egress does not end with him.
        Ok(timeout_at(deadline, trail.clone().reserve_owned()).await.map_err(late)?.ok())
    }

    /// Gives a record to the audit trail, and counts it where there is no room for it.
    pub(super) fn keep(&self, mut record: AuditRecord, room: Option<Room>) {
        let Some(trail) = &self.options.audit else { return };
        clip(&mut record.request);
        match room {
            Some(room) => drop(room.send(record)),
            None if trail.try_send(record).is_ok() => {}
            None => self.unrecorded(),
        }
    }
}

/// Bounds what a connector can make an event hold.
fn clip(event: &mut RequestEvent) {
    // Half a line of policy is none.
    event.allow.retain(|line| line.len() <= LONGEST);
    let texts = [&mut event.path, &mut event.host, &mut event.method, &mut event.rule];
    for text in texts.into_iter().chain(&mut event.refused) {
        if text.len() > LONGEST {
            let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.truncate(end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_events_are_kept_and_none_holds_long_texts() {
        let events = Events::default();
        let first = events.add(RequestEvent { path: "/é".repeat(1_000), ..RequestEvent::default() });
        assert!(events.list()[0].path.len() <= LONGEST);
        for at in 0..REMEMBERED as u32 {
            events.add(RequestEvent::default()).lock().unwrap().attempts = at;
        }
        first.lock().unwrap().attempts = 9_999;
        let kept = events.list();
        assert_eq!(kept.len(), REMEMBERED);
        assert!(kept.iter().enumerate().all(|(at, event)| event.attempts == at as u32));
    }
}
