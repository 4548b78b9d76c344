//! Messages to places that tenants name: one POST over TLS to a public address, without redirects, and nothing kept of the answer
//! but its status. What the operator opened for connectors is not open for them. The same reading of URLs, resolving, pinning, TLS, proxy and limits as for connectors.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use headcount_model::{AuditRecord, ConnectionId, Decision, RequestEvent, TenantId, Timestamp};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tokio::time::{Instant, timeout, timeout_at};
use zeroize::Zeroizing;

use super::event::Room;
use super::exchange::{Exchanged, Outgoing, exchange};
use super::pool::Key;
use super::refusal::{Refusal, Wait};
use super::upload::RequestBody;
use super::waits::Waits;
use super::{Ceiling, Denial, Egress, Target, dial};

/// How long a message may take: resolving, connecting and the answer's header together.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of a message's body.
pub const LONGEST_MESSAGE: usize = 64 * 1024;

/// A message on its way to a place that a tenant named.
#[derive(Clone, Debug)]
pub struct Message {
    /// Whose.
    tenant: TenantId,
    channel: ConnectionId,
    url: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Message {
    /// A tenant's message by one of its channels. The URL is `https`, and `http` only where the operator opened loopback, and the
    /// host for messages; the body is JSON.
    pub fn new(tenant: TenantId, channel: ConnectionId, url: impl Into<String>, body: String) -> Self {
        Message { tenant, channel, url: url.into(), headers: HeaderMap::new(), body: Bytes::from(body) }
    }

    /// Adds a header field.
    ///
    /// # Errors
    /// The name or the value can't be sent.
    pub fn header(&mut self, name: &'static str, value: &str) -> Result<(), Refusal> {
        let value = HeaderValue::from_str(value).map_err(|_| Refusal::Header(name.to_owned()))?;
        self.headers.insert(HeaderName::from_static(name), value);
        Ok(())
    }
}

/// A message on its way. Its record goes to the audit trail when it is dropped, whatever became of it.
struct Trace<'a> {
    egress: &'a Egress,
    message: &'a Message,
    at: Timestamp,
    started: Instant,
    request: RequestEvent,
    room: Option<Room>,
}

impl<'a> Trace<'a> {
    fn begin(egress: &'a Egress, message: &'a Message) -> Self {
        let request = RequestEvent {
            method: Method::POST.to_string(),
            rule: RequestEvent::WEBHOOK.to_owned(),
            sent: message.body.len() as u64,
            attempts: 1,
            ..RequestEvent::default()
        };
        Trace { egress, message, at: Timestamp::now(), started: Instant::now(), request, room: None }
    }

    fn refuse(&mut self, refusal: &Refusal) {
        if let Some(rule) = refusal.rule() {
            (self.request.decision, self.request.rule) = (Decision::Denied, rule.to_owned());
        }
        self.request.refused = Some(refusal.to_string());
        self.request.allow = refusal.allow().to_vec();
    }
}

impl Drop for Trace<'_> {
    fn drop(&mut self) {
        let mut request = std::mem::take(&mut self.request);
        if request.status.is_none() && request.refused.is_none() {
            request.refused = Some("the time for this delivery was over before the answer came".to_owned());
        }
        request.millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (tenant, connection) = (self.message.tenant.clone(), self.message.channel.clone());
        let record = AuditRecord { at: self.at, tenant, connection, session: None, connector: None, request };
        self.egress.keep(record, self.room.take());
    }
}

impl Egress {
    /// Whether a message could go to a URL at all, as far as that can be told without asking anybody.
    ///
    /// # Errors
    /// The URL is none that egress takes, is plain text, or the operator's rules don't cover it.
    pub fn may_post(&self, url: &str) -> Result<(), Refusal> {
        self.judge_message(&Target::parse(url)?)
    }

    /// Sends a message once, and returns the status of the answer, whatever it is. Redirects are not followed.
    ///
    /// # Errors
    /// The URL is refused, its host stands for an address that is not public, or there is no answer in time.
    pub async fn post(self: &Arc<Self>, message: &Message) -> Result<u16, Refusal> {
        let deadline = Instant::now() + PATIENCE;
        let mut trace = Trace::begin(self, message);
        trace.room = self.audit_room(deadline).await.inspect_err(|refusal| trace.refuse(refusal))?;
        let sent = timeout_at(deadline, self.post_in_time(message, deadline, &mut trace.request)).await;
        let sent = sent.unwrap_or(Err(Refusal::Timeout { what: Wait::Response, limit: PATIENCE }));
        match &sent {
            Ok(status) => trace.request.status = Some(*status),
            Err(refusal) => trace.refuse(refusal),
        }
        sent
    }

    /// Whether a message may go there.
    fn judge_message(&self, target: &Target) -> Result<(), Refusal> {
        let open = self.is_open_for_messages(target);
        let may_be_plain = open && self.names.opens_loopback(&target.origin.host);
        if !target.origin.secure && !may_be_plain {
            return Err(Refusal::Url("its scheme is not https".to_owned()));
        }
        if !open {
            self.names.own_is_public(&target.origin)?;
        }
        let ceiling = &self.options.ceiling;
        if *ceiling != Ceiling::Manifest && ceiling.covering(&Method::POST, target).is_none() {
            return Err(Refusal::Policy(Denial::of_message(target)));
        }
        Ok(())
    }

    /// Whether the operator opened a host for messages, whatever its address.
    fn is_open_for_messages(&self, target: &Target) -> bool {
        self.options.message_hosts.iter().any(|host| host.eq_ignore_ascii_case(&target.origin.host))
    }

    async fn post_in_time(
        self: &Arc<Self>,
        message: &Message,
        deadline: Instant,
        event: &mut RequestEvent,
    ) -> Result<u16, Refusal> {
        let target = Target::parse(&message.url)?;
        event.host = target.origin.authority();
        self.judge_message(&target)?;
        event.decision = Decision::Allowed;
        if message.body.len() > LONGEST_MESSAGE {
            return Err(Refusal::RequestBody(LONGEST_MESSAGE as u64));
        }
        let addresses = self.names.message_addresses(&target.origin, self.is_open_for_messages(&target)).await?;
        let tls =
            if target.origin.secure { Some(self.tls(None).map_err(|error| Refusal::Host(error.to_string()))?) } else { None };
        let place = self.pool.place(&message.tenant, deadline).await?;
        let limit = self.options.connect_timeout;
        let connected = dial::connect(&target.origin, &addresses, tls, limit, place, self.proxy.as_ref()).await?;
        event.address = connected.address;
        let mut headers = message.headers.clone();
        headers.insert(header::USER_AGENT, self.user_agent.clone());
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(message.body.len()));
        let key = Key {
            tenant: message.tenant.clone(),
            connection: message.channel.clone(),
            origin: target.origin.clone(),
            identity: None,
        };
        let (response, idle) = (self.options.response_timeout, self.options.idle_timeout);
        let waits = Waits { connect: limit, response, idle, call: PATIENCE, deadline };
        let path_and_query = Zeroizing::new(target.path_and_query());
        let outgoing = Outgoing { key, headers, path_and_query, waits, credentials: Vec::new() };
        let mut body = RequestBody::Kept(message.body.clone());
        let exchanging = exchange(connected, &Method::POST, &outgoing, &mut body);
        let Ok(exchanged) = timeout(response, exchanging).await else {
            return Err(Refusal::Timeout { what: Wait::Response, limit: response });
        };
        match exchanged {
            // The connection is closed with its last hand: nobody reads what else comes.
            Ok((response, _connected)) => Ok(response.status().as_u16()),
            Err(Exchanged::Refused(refusal)) => Err(refusal),
            Err(Exchanged::Unsent) => {
                let why = "the server closed the connection".to_owned();
                Err(Refusal::Exchange { host: target.origin.host, why })
            }
        }
    }
}
