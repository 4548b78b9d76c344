//! One session's way out: the rules, credentials, budgets and events of one connection.

mod findings;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use headcount_model::manifest::Settings;
use headcount_model::{AuditRecord, ConnectionId, Decision, Digest, Manifest, RequestEvent, SessionId, TenantId, Timestamp};
use http::{HeaderName, Method};
use http_body_util::BodyExt;
use rustls::ClientConfig;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::event::{Events, Trace};
use super::forbidden::is_forbidden;
use super::hooks::GateHooks;
use super::pace::{Ahead, Pace};
use super::policy::{Policy, Purpose};
use super::refusal::Refusal;
use super::url::Target;
use super::waits::Waits;
use super::{Ceiling, Egress, EgressError};
use crate::budget::Meter;
use crate::engine::{Held, Memory};
use crate::fair::Crowded;
use crate::vault::{Credentials, Injection, Scrubber, Slot, TokenError};
use findings::Findings;

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
    /// The same with the connection's client certificate, and what tells that one apart.
    pub(super) certified: Option<(Arc<ClientConfig>, blake3::Hash)>,
    /// Requests of this session at once.
    pub(super) concurrent: Arc<Semaphore>,
    pub(super) events: Events,
    /// The fields whose credentials requests carry.
    pub(super) credentials: Vec<String>,
    connector: OnceLock<Digest>,
    /// What all hold, requests that wait to leave included.
    memory: OnceLock<Arc<Memory>>,
    session: OnceLock<SessionId>,
    meter: Arc<Meter>,
    /// Requests that wait to leave.
    pub(super) waiting: AtomicU32,
    denied: AtomicU64,
    last_refusal: Mutex<Option<Refusal>>,
    findings: Findings,
}

impl Gate {
    pub(super) fn new(egress: Arc<Egress>, options: GateOptions) -> Result<Self, EgressError> {
        let GateOptions { tenant, connection, manifest, settings, credentials, meter } = options;
        let policy = Policy::new(&manifest, &settings, &egress.options.ceiling, egress.options.mode)?;
        let mut injection = Injection::new(&manifest, &settings, &credentials)?;
        let slot = match &injection.grant {
            Some(grant) if !covers(&egress.options.ceiling, &grant.target) => {
                return Err(EgressError::Ceiling(format!("{}{}", grant.target.origin, grant.target.path)));
            }
            Some(grant) => Some(egress.tokens.of(&tenant, &connection, grant)),
            None => None,
        };
        let certificate = injection.certificate.take();
        let secure = certificate.is_some() || policy.needs_tls();
        let tls = if secure { Some(egress.tls(None)?) } else { None };
        let certified = match &certificate {
            Some(one) => Some((egress.tls(Some(one))?, one.1.identity())),
            None => None,
        };
        let pace = egress.paces.of(&tenant, &connection, &meter.budget().rate(&manifest.rate));
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
            certified,
            concurrent: Arc::new(Semaphore::new(concurrent.min(Semaphore::MAX_PERMITS))),
            events: Events::default(),
            credentials: carried,
            connector: OnceLock::new(),
            memory: OnceLock::new(),
            session: OnceLock::new(),
            meter,
            waiting: AtomicU32::new(0),
            denied: AtomicU64::new(0),
            last_refusal: Mutex::new(None),
            findings: Findings::default(),
        })
    }

    /// What an instance gets for one call. The call's time begins now.
    pub fn hooks(self: &Arc<Self>, purpose: Purpose) -> GateHooks {
        GateHooks::new(self.clone(), purpose)
    }

    /// Whether a connector may neither set nor see a header.
    pub(super) fn forbids(&self, name: &HeaderName) -> bool {
        is_forbidden(name) || self.injection.owns(name)
    }

    /// Waits for the turn of a call's first request, as long as a call may take. None if the rate makes it wait longer: then its
    /// request is refused at once, and the call ends.
    pub(crate) async fn ahead(&self) -> Option<Ahead> {
        self.pace.ahead(Waits::of(self).deadline).await.ok()
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

    /// Says into which memory what waits to leave counts. Only the first word counts.
    pub(crate) fn of_memory(&self, memory: Arc<Memory>) {
        let _ = self.memory.set(memory);
    }

    /// Counts what waits to leave, until what is returned is dropped.
    pub(super) fn hold(&self, bytes: usize) -> Result<Held, Crowded> {
        self.memory.get_or_init(|| Memory::new(u64::MAX)).hold(&self.tenant, bytes as u64)
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
