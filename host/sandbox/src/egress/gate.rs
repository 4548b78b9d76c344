//! One session's way out: the rules, credentials, budgets and events of one connection.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use headcount_model::manifest::Settings;
use headcount_model::{ConnectionId, Manifest, TenantId};
use http::{HeaderName, Method, header};
use http_body_util::BodyExt;
use rustls::ClientConfig;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::credential::Injection;
use super::event::{Events, RequestEvent};
use super::hooks::GateHooks;
use super::pace::Pace;
use super::policy::{Policy, Purpose};
use super::refusal::Refusal;
use super::scrub::Scrubber;
use super::send::Waits;
use super::url::Target;
use super::{Egress, EgressError};
use crate::budget::{Meter, Resource};
use crate::vault::Credentials;

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
    pub(super) pace: Arc<Pace>,
    pub(super) tls: Option<Arc<ClientConfig>>,
    /// Of its client certificate.
    pub(super) identity: Option<blake3::Hash>,
    /// Requests of this session at once.
    pub(super) concurrent: Arc<Semaphore>,
    /// Headers that a connector may neither set nor see.
    pub(super) forbidden: Arc<HashSet<HeaderName>>,
    meter: Arc<Meter>,
    waiting: AtomicU32,
    events: Events,
    last_refusal: Mutex<Option<Refusal>>,
    scrubbed: AtomicU64,
}

/// A request that has been let through and counted, on its way.
pub(super) struct Admitted {
    pub gate: Arc<Gate>,
    pub method: Method,
    pub target: Target,
    pub event: u64,
    pub started: Instant,
    _waiting: Waiting,
}

struct Waiting(Arc<Gate>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gate {
    pub(super) fn new(egress: Arc<Egress>, options: GateOptions) -> Result<Self, EgressError> {
        let GateOptions { tenant, connection, manifest, settings, credentials, meter } = options;
        let policy = Policy::new(&manifest, &settings, &egress.options.ceiling)?;
        let mut injection = Injection::new(&manifest, &settings, &credentials)?;
        let certificate = injection.certificate.take();
        let secure = certificate.is_some() || policy.origins().any(|origin| origin.secure);
        let tls = if secure { Some(egress.tls(certificate.as_ref())?) } else { None };
        let identity = certificate.map(|(_, certificate)| certificate.identity());
        let pace = egress.paces.of(&tenant, &connection, &manifest.rate);
        let mut forbidden = injection.owned();
        forbidden.extend(wasmtime_wasi_http::DEFAULT_FORBIDDEN_HEADERS);
        forbidden.extend(FORBIDDEN);
        let concurrent = usize::try_from(meter.budget().concurrent_requests.max(1)).unwrap_or(1);
        Ok(Gate {
            egress,
            tenant,
            connection,
            policy,
            injection,
            pace,
            tls,
            identity,
            concurrent: Arc::new(Semaphore::new(concurrent.min(Semaphore::MAX_PERMITS))),
            forbidden: Arc::new(forbidden),
            meter,
            waiting: AtomicU32::new(0),
            events: Events::default(),
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
        let admitted = self.admit(purpose, &parts.method, &parts.uri)?;
        let response = admitted.send(parts.headers, async { Ok(body) }, Waits::of(self)).await?;
        let (parts, body) = response.into_parts();
        Ok(http::Response::from_parts(parts, body.collect().await?.to_bytes()))
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

    /// Reads, judges and counts a request, without waiting. It is refused here or goes on.
    pub(super) fn admit(self: &Arc<Self>, purpose: &Purpose, method: &Method, uri: &http::Uri) -> Result<Admitted, Refusal> {
        let started = Instant::now();
        let event = self.events.add(RequestEvent {
            method: method.to_string(),
            host: uri.authority().map(|authority| self.clean(authority.as_str())).unwrap_or_default(),
            path: self.clean(uri.path()),
            ..RequestEvent::default()
        });
        let judged = self.judge(purpose, method, uri, event);
        let target = judged.inspect_err(|refusal| self.refuse(Some(event), refusal))?;
        let most = self.meter.budget().concurrent_requests.max(1).saturating_mul(WAITING);
        let waiting = Waiting(self.clone());
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= most {
            let refusal = Refusal::Excess(self.meter.exceed(Resource::ConcurrentRequests, most.into()));
            self.refuse(Some(event), &refusal);
            return Err(refusal);
        }
        Ok(Admitted { gate: self.clone(), method: method.clone(), target, event, started, _waiting: waiting })
    }

    fn judge(&self, purpose: &Purpose, method: &Method, uri: &http::Uri, event: u64) -> Result<Target, Refusal> {
        let mut target = Target::from_uri(uri)?;
        self.injection.strip(&mut target);
        self.events.change(event, |event| {
            event.host = self.clean(&target.origin.authority());
            event.path = self.clean(&target.shown());
        });
        if !target.origin.secure && !self.egress.names.opens_loopback(&target.origin.host) {
            return Err(Refusal::Url("its scheme is not https".to_owned()));
        }
        self.policy.check(purpose, method, &target)?;
        self.meter.request()?;
        Ok(target)
    }

    /// A secret in a URL must not get into events by the request that is refused for it.
    fn clean(&self, text: &str) -> String {
        match &self.injection.scrubber {
            Some(scrubber) => scrubber.scrub_text(text),
            None => text.to_owned(),
        }
    }

    pub(super) fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    pub(super) fn scrubber(&self) -> Option<&Scrubber> {
        self.injection.scrubber.as_ref()
    }

    /// Notes why a request was stopped.
    pub(super) fn refuse(&self, event: Option<u64>, refusal: &Refusal) {
        let text = self.clean(&refusal.to_string());
        tracing::debug!(tenant = %self.tenant, connection = %self.connection, refusal = %headcount_model::printable(&text), "request stopped");
        if let Some(event) = event {
            self.events.change(event, |event| event.refused = Some(text));
        }
        *self.last_refusal.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal.clone());
    }

    pub(super) fn change(&self, event: u64, change: impl FnOnce(&mut RequestEvent)) {
        self.events.change(event, change);
    }

    /// Completes an event at the end of its response.
    pub(super) fn finish(&self, event: u64, started: Instant, received: u64, scrubbed: u64) {
        self.scrubbed.fetch_add(scrubbed, Ordering::Relaxed);
        if scrubbed > 0 {
            tracing::warn!(tenant = %self.tenant, connection = %self.connection, scrubbed, "the vendor echoed a secret");
        }
        self.events.change(event, |event| {
            event.millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            event.received = received;
            event.scrubbed = scrubbed;
        });
    }
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
