//! Letting a request through, or not: it is read, judged by the rules and counted, without waiting.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use headcount_model::{Decision, RequestEvent};
use http::Method;
use tokio::time::Instant;

use super::event::Trace;
use super::gate::Gate;
use super::pace::Ahead;
use super::policy::{Denial, Passed, Purpose};
use super::refusal::Refusal;
use super::url::Target;
use super::waits::Waits;
use crate::budget::{Budget, Meter, Resource};
use crate::vault::Grant;

/// Waiting requests for each one under way, past which a connector floods.
const WAITING: u32 = 16;

/// A request that has been let through and counted, on its way.
pub(super) struct Admitted {
    pub gate: Arc<Gate>,
    pub method: Method,
    pub target: Target,
    /// False for what is only counted.
    pub with_credentials: bool,
    /// Counts the response's bytes as they come.
    pub meter: Arc<Meter>,
    pub event: Trace,
    pub started: Instant,
    /// Its turn, if it came before the request.
    pub(super) ahead: Mutex<Option<Ahead>>,
    _waiting: Waiting,
}

impl Admitted {
    /// With a turn that has come already.
    pub fn ahead(mut self, ahead: Option<Ahead>) -> Self {
        self.ahead = Mutex::new(ahead);
        self
    }
}

/// A request that does not leave.
pub(super) struct Refused {
    refusal: Refusal,
    /// None once the session's budget is used up: what follows leaves no trace, so that nobody can flood the trail.
    trace: Option<(Trace, Waiting)>,
}

impl std::fmt::Debug for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.refusal.fmt(f)
    }
}

impl Refused {
    /// Waits until the audit trail has room for it, and gives the reason.
    pub async fn recorded(self, waits: Waits) -> Refusal {
        if let Some((trace, _waiting)) = &self.trace {
            // Without room in time the record is counted as lost.
            let _ = trace.room(waits.deadline).await;
        }
        self.refusal
    }
}

struct Waiting(Arc<Gate>);

impl Waiting {
    /// One more that waits, or none where as many wait as the gate bears.
    fn enter(gate: &Arc<Gate>) -> Result<Self, Self> {
        let most = gate.meter().budget().concurrent_requests.max(1).saturating_mul(WAITING);
        let waiting = Waiting(gate.clone());
        if gate.waiting.fetch_add(1, Ordering::Relaxed) >= most { Err(waiting) } else { Ok(waiting) }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    /// Reads, judges and counts a request, without waiting. It is refused here or goes on; what is refused counts, too.
    pub(super) fn admit(self: &Arc<Self>, purpose: &Purpose, method: &Method, uri: &http::Uri) -> Result<Admitted, Refused> {
        if let Some(excess) = self.meter().excess() {
            return Err(Refused { refusal: excess.into(), trace: None });
        }
        let started = Instant::now();
        let event = Trace::begin(
            self,
            RequestEvent {
                method: self.clean(method.as_str()),
                // Not the authority: it may hold a user name and a password.
                host: uri.host().map(|host| self.clean(host)).unwrap_or_default(),
                path: self.clean(uri.path()),
                ..RequestEvent::default()
            },
        );
        let judged = self.judge(purpose, method, uri, &event);
        let counted = self.meter().request().map_err(Refusal::from);
        let (waiting, flood) = match Waiting::enter(self) {
            Ok(waiting) => (waiting, Ok(())),
            Err(waiting) => {
                let most = self.meter().budget().concurrent_requests.max(1).saturating_mul(WAITING);
                (waiting, Err(self.meter().exceed(Resource::ConcurrentRequests, most.into()).into()))
            }
        };
        match counted.and(flood).and(judged) {
            Ok((target, with_credentials)) => {
                let method = method.clone();
                let meter = self.meter().clone();
                let gate = self.clone();
                let ahead = Mutex::default();
                Ok(Admitted { gate, method, target, with_credentials, meter, event, started, ahead, _waiting: waiting })
            }
            Err(refusal) => {
                self.refuse(&event, &refusal);
                Err(Refused { refusal, trace: Some((event, waiting)) })
            }
        }
    }

    /// Counts a request for a token, which the host makes itself.
    pub(super) fn admit_exchange(self: &Arc<Self>, grant: &Grant) -> Result<Admitted, Refusal> {
        let target = grant.target.clone();
        let event = Trace::begin(
            self,
            RequestEvent {
                method: Method::POST.to_string(),
                host: target.origin.authority(),
                path: target.shown(),
                decision: Decision::Allowed,
                rule: RequestEvent::TOKEN_URL.to_owned(),
                ..RequestEvent::default()
            },
        );
        // It is one of the session's own waiting requests that waits for it.
        let (Ok(waiting) | Err(waiting)) = Waiting::enter(self);
        self.meter().request().map_err(Refusal::from).inspect_err(|refusal| self.refuse(&event, refusal))?;
        let started = Instant::now();
        Ok(Admitted {
            gate: self.clone(),
            method: Method::POST,
            target,
            with_credentials: false,
            // The session's would break off an answer that the vendor gives but once.
            meter: Meter::new(Budget::default()),
            event,
            started,
            ahead: Mutex::default(),
            _waiting: waiting,
        })
    }

    /// Where a request goes, and whether it carries credentials.
    fn judge(&self, purpose: &Purpose, method: &Method, uri: &http::Uri, event: &Trace) -> Result<(Target, bool), Refusal> {
        let mut target = Target::from_uri(uri)?;
        self.injection.strip(&mut target);
        event.change(|event| {
            event.host = self.clean(&target.origin.authority());
            event.path = self.clean(&target.shown());
        });
        if !target.origin.secure && !self.egress.names.opens_loopback(&target.origin.host) {
            return Err(Refusal::Url("its scheme is not https".to_owned()));
        }
        if self.injection.is_token_url(&target) {
            return Err(Refusal::Policy(Denial::of_token_url(&target)));
        }
        match self.policy.judge(purpose, method, &target).map_err(Refusal::Policy)? {
            Passed::Allowed(rule) => {
                event.change(|event| (event.decision, event.rule) = (Decision::Allowed, rule));
                Ok((target, true))
            }
            Passed::Counted(rule, denial) => {
                event.change(|event| {
                    (event.decision, event.rule) = (Decision::Counted, rule);
                    event.refused = Some(self.clean(&denial.to_string()));
                    event.allow = denial.allow().iter().map(|line| self.clean(line)).collect();
                });
                Ok((target, false))
            }
        }
    }
}
