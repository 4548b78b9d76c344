//! One session's way out: the rules, credentials, budgets and events of one connection.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use headcount_model::manifest::Settings;
use headcount_model::{AuditRecord, ConnectionId, Decision, Digest, Manifest, RequestEvent, SessionId, TenantId, Timestamp};
use http::{HeaderName, Method, header};
use http_body_util::BodyExt;
use rustls::ClientConfig;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::event::{Events, Trace};
use super::hooks::GateHooks;
use super::pace::Pace;
use super::policy::{Denial, Passed, Policy, Purpose};
use super::refusal::Refusal;
use super::send::Waits;
use super::url::Target;
use super::{Ceiling, Egress, EgressError};
use crate::budget::{Meter, Resource};
use crate::vault::{Credentials, Grant, Injection, Scrubber, Slot, TokenError};

/// Waiting requests for each one under way, past which a connector floods.
const WAITING: u32 = 16;

/// What a gate is made of.
pub struct GateOptions {
    /// Whose connection.
    pub tenant: TenantId,
    /// Which.
    pub connection: ConnectionId,
    /// Its connector's manifest.
    pub manifest: Arc<Manifest>,
    /// Its settings, checked.
    pub settings: Settings,
    /// Its secrets.
    pub credentials: Credentials,
    /// What the session may use.
    pub meter: Arc<Meter>,
}

/// The only way out for one session of one connection.
pub struct Gate {
    pub(super) egress: Arc<Egress>,
    pub(super) tenant: TenantId,
    pub(super) connection: ConnectionId,
    pub(super) policy: Policy,
    pub(super) injection: Injection,
    /// Where the connection's access token is, if it has one.
    pub(super) slot: Option<Arc<Slot>>,
    pub(super) token_failure: OnceLock<TokenError>,
    pub(super) pace: Arc<Pace>,
    pub(super) tls: Option<Arc<ClientConfig>>,
    /// Requests of this session at once.
    pub(super) concurrent: Arc<Semaphore>,
    /// Headers that a connector may neither set nor see.
    pub(super) forbidden: Arc<HashSet<HeaderName>>,
    pub(super) events: Events,
    /// The fields whose credentials requests carry.
    credentials: Vec<String>,
    connector: OnceLock<Digest>,
    session: OnceLock<SessionId>,
    meter: Arc<Meter>,
    waiting: AtomicU32,
    denied: AtomicU64,
    last_refusal: Mutex<Option<Refusal>>,
    scrubbed: AtomicU64,
}

/// A request that has been let through and counted, on its way.
pub(super) struct Admitted {
    pub gate: Arc<Gate>,
    pub method: Method,
    pub target: Target,
    /// False for what is only counted.
    pub with_credentials: bool,
    pub event: Trace,
    pub started: Instant,
    _waiting: Waiting,
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
            let _ = trace.room(waits.deadline()).await;
        }
        self.refusal
    }
}

struct Waiting(Arc<Gate>);

impl Waiting {
    /// One more that waits, or none where as many wait as the gate bears.
    fn enter(gate: &Arc<Gate>) -> Result<Self, Self> {
        let most = gate.meter.budget().concurrent_requests.max(1).saturating_mul(WAITING);
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
    pub(super) fn new(egress: Arc<Egress>, options: GateOptions) -> Result<Self, EgressError> {
        let GateOptions { tenant, connection, manifest, settings, credentials, meter } = options;
        let policy = Policy::new(&manifest, &settings, &egress.options.ceiling, egress.options.mode)?;
        let injection = Injection::new(&manifest, &settings, &credentials)?;
        let slot = match &injection.grant {
            Some(grant) if !covers(&egress.options.ceiling, &grant.target) => {
                return Err(EgressError::Ceiling(format!("{}{}", grant.target.origin, grant.target.path)));
            }
            Some(grant) => Some(egress.tokens.of(&tenant, &connection, grant)),
            None => None,
        };
        let tls = if policy.needs_tls() { Some(egress.tls()?) } else { None };
        let pace = egress.paces.of(&tenant, &connection, &meter.budget().rate(&manifest.rate));
        let mut forbidden = injection.owned();
        forbidden.extend(wasmtime_wasi_http::DEFAULT_FORBIDDEN_HEADERS);
        forbidden.extend(FORBIDDEN);
        let entered = |field: &&str| credentials.get(field).is_some_and(|secret| !secret.is_empty());
        let carried = manifest.auth.iter().map(|placement| placement.secret()).filter(entered).map(str::to_owned).collect();
        let concurrent = usize::try_from(meter.budget().concurrent_requests.max(1)).unwrap_or(1);
        Ok(Gate {
            egress,
            tenant,
            connection,
            policy,
            injection,
            slot,
            token_failure: OnceLock::new(),
            pace,
            tls,
            concurrent: Arc::new(Semaphore::new(concurrent.min(Semaphore::MAX_PERMITS))),
            forbidden: Arc::new(forbidden),
            events: Events::default(),
            credentials: carried,
            connector: OnceLock::new(),
            session: OnceLock::new(),
            meter,
            waiting: AtomicU32::new(0),
            denied: AtomicU64::new(0),
            last_refusal: Mutex::new(None),
            scrubbed: AtomicU64::new(0),
        })
    }

    /// What an instance gets for one call. The call's time begins now.
    pub fn hooks(self: &Arc<Self>, purpose: Purpose) -> GateHooks {
        GateHooks::new(self.clone(), purpose)
    }

    /// Sends one request as a connector would, and reads its response to the end.
    ///
    /// # Errors
    /// The request may not leave, or its response did not arrive whole.
    pub async fn send(
        self: &Arc<Self>,
        purpose: &Purpose,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, Refusal> {
        let (parts, body) = request.into_parts();
        let waits = Waits::of(self);
        let admitted = match self.admit(purpose, &parts.method, &parts.uri) {
            Ok(admitted) => admitted,
            Err(refused) => return Err(refused.recorded(waits).await),
        };
        let response = admitted.send(parts.headers, async { Ok(body) }, waits).await?;
        let (parts, body) = response.into_parts();
        Ok(http::Response::from_parts(parts, body.collect().await?.to_bytes()))
    }

    /// Says which component makes the requests. Only the first word counts.
    pub fn of_connector(&self, digest: Digest) {
        let _ = self.connector.set(digest);
    }

    /// Says which session the requests that follow belong to. Only the first word counts.
    pub fn of_session(&self, session: SessionId) {
        let _ = self.session.set(session);
    }

    /// Requests that the rules denied so far.
    pub fn denied(&self) -> u64 {
        self.denied.load(Ordering::Relaxed)
    }

    /// The last requests, oldest first.
    pub fn events(&self) -> Vec<RequestEvent> {
        self.events.list()
    }

    /// Why the last request that was stopped was stopped, in words for the operator.
    pub fn last_refusal(&self) -> Option<Refusal> {
        self.last_refusal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Secrets that were overwritten in responses so far. Records made of such a response may hold asterisks.
    pub fn scrubbed(&self) -> u64 {
        self.scrubbed.load(Ordering::Relaxed)
    }

    /// Secret fields whose values are too short to be looked for in responses.
    pub fn unscrubbed_fields(&self) -> &[String] {
        &self.injection.short
    }

    /// Reads, judges and counts a request, without waiting. It is refused here or goes on; what is refused counts, too.
    pub(super) fn admit(self: &Arc<Self>, purpose: &Purpose, method: &Method, uri: &http::Uri) -> Result<Admitted, Refused> {
        if let Some(excess) = self.meter.excess() {
            return Err(Refused { refusal: excess.into(), trace: None });
        }
        let started = Instant::now();
        let event = Trace::begin(
            self,
            RequestEvent {
                method: self.clean(method.as_str()),
                host: uri.authority().map(|authority| self.clean(authority.as_str())).unwrap_or_default(),
                path: self.clean(uri.path()),
                ..RequestEvent::default()
            },
        );
        let judged = self.judge(purpose, method, uri, &event);
        let counted = self.meter.request().map_err(Refusal::from);
        let (waiting, flood) = match Waiting::enter(self) {
            Ok(waiting) => (waiting, Ok(())),
            Err(waiting) => {
                let most = self.meter.budget().concurrent_requests.max(1).saturating_mul(WAITING);
                (waiting, Err(self.meter.exceed(Resource::ConcurrentRequests, most.into()).into()))
            }
        };
        match counted.and(flood).and(judged) {
            Ok((target, with_credentials)) => {
                let method = method.clone();
                Ok(Admitted { gate: self.clone(), method, target, with_credentials, event, started, _waiting: waiting })
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
                rule: "token-url".to_owned(),
                credentials: vec![grant.field.clone()],
                ..RequestEvent::default()
            },
        );
        // It is one of the session's own waiting requests that waits for it.
        let (Ok(waiting) | Err(waiting)) = Waiting::enter(self);
        self.meter.request().map_err(Refusal::from).inspect_err(|refusal| self.refuse(&event, refusal))?;
        let started = Instant::now();
        Ok(Admitted {
            gate: self.clone(),
            method: Method::POST,
            target,
            with_credentials: false,
            event,
            started,
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

    /// Text without the connection's secrets: one in a URL must not get into events by the request that is refused for it.
    pub(crate) fn clean(&self, text: &str) -> String {
        match self.injection.scrubber() {
            Some(scrubber) => scrubber.scrub_text(text),
            None => text.to_owned(),
        }
    }

    pub(super) fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    pub(crate) fn scrubber(&self) -> Option<Arc<Scrubber>> {
        self.injection.scrubber()
    }

    /// Notes why a request was stopped.
    pub(super) fn refuse(&self, event: &Trace, refusal: &Refusal) {
        let text = self.clean(&refusal.to_string());
        tracing::debug!(tenant = %self.tenant, connection = %self.connection, refusal = %headcount_model::printable(&text), "request stopped");
        let rule = refusal.rule();
        if rule.is_some() {
            self.denied.fetch_add(1, Ordering::Relaxed);
        }
        event.change(|event| {
            if let Some(rule) = rule {
                (event.decision, event.rule) = (Decision::Denied, rule.to_owned());
            }
            event.refused = Some(match (event.decision, event.refused.take()) {
                (Decision::Counted, Some(denied)) => format!("{text}; {denied}"),
                _ => text,
            });
            event.allow.extend(refusal.allow().iter().map(|line| self.clean(line)));
        });
        *self.last_refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal.clone());
    }

    /// Notes that a request leaves with the connection's credentials.
    pub(super) fn leaves_with_credentials(&self, event: &Trace) {
        event.change(|event| event.credentials.clone_from(&self.credentials));
    }

    /// A request in the audit trail.
    pub(super) fn record(&self, at: Timestamp, request: RequestEvent) -> AuditRecord {
        AuditRecord {
            at,
            tenant: self.tenant.clone(),
            connection: self.connection.clone(),
            session: self.session.get().copied(),
            connector: self.connector.get().copied(),
            request,
        }
    }

    /// Completes an event at the end of its response.
    pub(super) fn finish(&self, event: &Trace, started: Instant, received: u64, scrubbed: u64) {
        self.scrubbed.fetch_add(scrubbed, Ordering::Relaxed);
        if scrubbed > 0 {
            tracing::warn!(tenant = %self.tenant, connection = %self.connection, scrubbed, "the vendor echoed a secret");
        }
        event.change(|event| {
            event.millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            event.received = received;
            event.scrubbed = scrubbed;
        });
    }
}

/// Whether the operator lets tokens be had at a place.
fn covers(ceiling: &Ceiling, target: &Target) -> bool {
    *ceiling == Ceiling::Manifest || ceiling.covering(&Method::POST, target).is_some()
}

/// Headers that only the host, or nobody, sets: credentials, who asks, and other methods or paths than those that were judged.
const FORBIDDEN: [HeaderName; 22] = [
    header::AUTHORIZATION,
    header::COOKIE,
    header::SET_COOKIE,
    header::FORWARDED,
    header::VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-forwarded-prefix"),
    HeaderName::from_static("x-forwarded-server"),
    HeaderName::from_static("x-real-ip"),
    HeaderName::from_static("x-original-url"),
    HeaderName::from_static("x-original-host"),
    HeaderName::from_static("x-rewrite-url"),
    HeaderName::from_static("x-host"),
    HeaderName::from_static("x-http-method"),
    HeaderName::from_static("x-http-method-override"),
    HeaderName::from_static("x-method-override"),
    HeaderName::from_static("x-method"),
    HeaderName::from_static("trailer"),
    HeaderName::from_static("alt-used"),
];

/// Whether a name is forbidden whatever the manifest says.
pub(super) fn is_forbidden(name: &HeaderName) -> bool {
    wasmtime_wasi_http::DEFAULT_FORBIDDEN_HEADERS.contains(name) || FORBIDDEN.contains(name)
}
