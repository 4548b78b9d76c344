//! One request, from being let through to its response: scan, credential, permits, address, exchange, repeats.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use rustls::ClientConfig;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::admission::Admitted;
use super::body::ResponseBody;
use super::decode::{ACCEPTED, Coding, Decoded};
use super::dial;
use super::exchange::{Exchanged, Outgoing, exchange};
use super::pace::until;
use super::pool::{Connected, Key};
use super::refusal::Refusal;
use super::reply;
use super::retry;
use super::upload::{self, RequestBody, Stop, Written};
use super::waits::{Waits, late};
use super::wire::{Lease, READ_AHEAD, Times, Wire};
use crate::budget::Resource;
use crate::vault::Token;

/// Set by egress, whatever the connector set.
const OVERWRITTEN: [HeaderName; 5] =
    [header::ACCEPT_ENCODING, header::CONTENT_LENGTH, header::USER_AGENT, header::TE, header::EXPECT];
/// True of the body as it was on the wire.
const OF_THE_CODED: [&str; 7] =
    ["content-encoding", "content-length", "etag", "content-md5", "digest", "content-digest", "accept-ranges"];
/// True of the body unless a secret was overwritten in it.
const OF_THE_BYTES: [&str; 5] = ["content-md5", "digest", "content-digest", "repr-digest", "etag"];

/// An attempt that brought no response.
pub(super) struct Failed {
    pub refusal: Refusal,
    /// On a connection that had been idle: the server may have closed it just then.
    stale: bool,
}

impl Admitted {
    /// Sends the request and hands over its response.
    pub async fn send<B: Into<Written>>(
        self,
        headers: HeaderMap,
        body: impl Future<Output = Result<B, Refusal>>,
        waits: Waits,
    ) -> Result<Response<ResponseBody>, Refusal> {
        let (gate, event, started) = (self.gate.clone(), self.event.clone(), self.started);
        let sent = self.run(headers, body, waits).await;
        sent.inspect_err(|refusal| {
            gate.finish(&event, started, 0, 0);
            gate.refuse(&event, refusal);
        })
    }

    async fn run<B: Into<Written>>(
        self,
        headers: HeaderMap,
        body: impl Future<Output = Result<B, Refusal>>,
        waits: Waits,
    ) -> Result<Response<ResponseBody>, Refusal> {
        let body = until(waits.deadline, waits.call, body).await??;
        let (mut outgoing, mut body) = self.prepare(headers, body.into(), waits)?;
        let mut token = None;
        if self.with_credentials {
            token = self.gate.token(None, waits).await?;
            self.gate.injection.inject(&mut outgoing.headers, &mut outgoing.path_and_query, token.as_ref());
            outgoing.credentials.clone_from(&self.gate.credentials);
        }
        let safe = matches!(self.method, Method::GET | Method::HEAD) && body.is_kept();
        // Dropped with this request, whatever becomes of it.
        let mut upload = body.progress().map(Stop::new);
        let mut renewed = false;
        let mut attempt = 1;
        loop {
            let mut outcome = self.attempt(&outgoing, &mut body, &mut upload, attempt).await;
            // A request without a valid token has not been applied (RFC 9110, 15.5.2), so that any may be repeated: once.
            if let (Some(refused), Ok(response)) = (&token, &outcome)
                && response.status() == StatusCode::UNAUTHORIZED
                && body.is_kept()
                && !renewed
            {
                renewed = true;
                if let Ok(response) = outcome {
                    response.into_body().drain().await;
                }
                token = self.gate.token(Some(refused), waits).await?;
                if let Some(value) = token.as_ref().and_then(Token::value) {
                    outgoing.headers.insert(header::AUTHORIZATION, value);
                }
                self.gate.meter().retry()?;
                attempt += 1;
                outcome = self.attempt(&outgoing, &mut body, &mut upload, attempt).await;
            }
            let asked = match &outcome {
                Ok(response) if retry::is_transient(response.status()) => {
                    retry::asked(response.status(), response.headers(), SystemTime::now())
                }
                Ok(_) => return self.hand_over(outcome.map_err(|failed| failed.refusal)?),
                // The server closed an idle connection: there is nothing to wait for.
                Err(Failed { refusal, stale: true }) if refusal.is_transient() => Some(Duration::ZERO),
                Err(Failed { refusal, .. }) if refusal.is_transient() => None,
                Err(_) => return Err(outcome.err().map_or_else(|| Refusal::Host("no outcome".to_owned()), |f| f.refusal)),
            };
            let wait = retry::wait(attempt, self.started.elapsed(), asked, retry::jitter());
            let wait = wait.filter(|wait| safe && Instant::now() + *wait < waits.deadline);
            let Some(wait) = wait else {
                return match outcome {
                    Ok(response) => self.hand_over(response),
                    Err(failed) => Err(failed.refusal),
                };
            };
            if let Ok(response) = outcome {
                response.into_body().drain().await;
            }
            tokio::time::sleep(wait).await;
            self.gate.meter().retry()?;
            attempt += 1;
        }
    }

    /// Scans what the connector made, before credentials stand in it.
    fn prepare(&self, mut headers: HeaderMap, body: Written, waits: Waits) -> Result<(Outgoing, RequestBody), Refusal> {
        let gate = &self.gate;
        if let Some(name) = headers.keys().find(|name| gate.forbids(name)) {
            return Err(Refusal::Header(name.to_string()));
        }
        let path_and_query = Zeroizing::new(self.target.path_and_query());
        if let Some(scrubber) = gate.scrubber() {
            let leak = |found: Option<&str>, place| match found {
                Some(field) => Err(Refusal::Leak { field: field.to_owned(), place }),
                None => Ok(()),
            };
            leak(scrubber.find(path_and_query.as_bytes()), "URL")?;
            for (name, value) in &headers {
                leak(scrubber.find(name.as_str().as_bytes()).or_else(|| scrubber.find(value.as_bytes())), "header")?;
            }
        }
        let body = RequestBody::new(body, gate, &self.event, upload::announced(&headers)?, &waits)?;
        if !body.is_kept() && matches!(self.method, Method::GET | Method::HEAD) {
            return Err(Refusal::RequestBody(upload::KEPT as u64));
        }
        for name in OVERWRITTEN {
            headers.remove(name);
        }
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED));
        headers.insert(header::USER_AGENT, gate.egress.user_agent.clone());
        Ok((Outgoing { key: self.key(), headers, path_and_query, waits, credentials: Vec::new() }, body))
    }

    /// What a connection for this request must have.
    pub(super) fn key(&self) -> Key {
        Key {
            tenant: self.gate.tenant.clone(),
            connection: self.gate.connection.clone(),
            origin: self.target.origin.clone(),
            identity: self.certified().map(|(_, identity)| *identity),
        }
    }

    /// Sends the request once, when its turn has come.
    async fn attempt(
        &self,
        outgoing: &Outgoing,
        body: &mut RequestBody,
        upload: &mut Option<Stop>,
        attempt: u32,
    ) -> Result<Response<Wire>, Failed> {
        let permits = self.turn(attempt, &outgoing.waits).await.map_err(|refusal| Failed { refusal, stale: false })?;
        self.dispatch(outgoing, body, upload, permits).await
    }

    /// Sends the request now.
    pub(super) async fn dispatch(
        &self,
        outgoing: &Outgoing,
        body: &mut RequestBody,
        upload: &mut Option<Stop>,
        permits: Vec<OwnedSemaphorePermit>,
    ) -> Result<Response<Wire>, Failed> {
        let fresh = |refusal| Failed { refusal, stale: false };
        let gate = &self.gate;
        let waits = &outgoing.waits;
        let mut permits = Some(permits);
        loop {
            let idle = gate.egress.pool.take(&outgoing.key).await;
            let stale = idle.is_some();
            let connected = match idle {
                Some(connected) => connected,
                // Much larger than all else of a request, and done with before it waits for its vendor.
                None => Box::pin(self.connect(outgoing)).await.map_err(fresh)?,
            };
            self.event.change(|event| {
                event.address = connected.address;
                event.credentials.clone_from(&outgoing.credentials);
            });
            let late = late(waits, body.progress());
            let mark = connected.mark();
            let exchanged = tokio::select! {
                exchanged = exchange(connected, &self.method, outgoing, body) => exchanged,
                refusal = late => {
                    // Nothing may come over it any more: the next request gets another.
                    gate.egress.pool.forget(&outgoing.key, &mark);
                    return Err(fresh(refusal));
                }
            };
            match exchanged {
                Ok((response, connected)) => {
                    gate.heed(response.status(), response.headers());
                    let lease = Lease {
                        pool: gate.egress.pool.clone(),
                        key: outgoing.key.clone(),
                        connected: Some(connected),
                        upload: upload.take(),
                        permits: permits.take().unwrap_or_default(),
                    };
                    let times = Times { idle: waits.idle, deadline: waits.deadline, call: waits.call };
                    return self.check(response, lease, times).await.map_err(|refusal| Failed { refusal, stale });
                }
                // Nothing was sent: another connection will do.
                Err(Exchanged::Unsent) if stale => {}
                Err(Exchanged::Unsent) => {
                    let refusal = Refusal::Exchange { host: self.host(), why: "the server closed the connection".to_owned() };
                    return Err(fresh(refusal));
                }
                Err(Exchanged::Refused(refusal)) => return Err(Failed { refusal, stale }),
            }
        }
    }

    /// The connection's client certificate, which goes where its other credentials go.
    fn certified(&self) -> Option<&(Arc<ClientConfig>, blake3::Hash)> {
        self.gate.certified.as_ref().filter(|_| self.with_credentials)
    }

    fn host(&self) -> String {
        self.target.origin.host.clone()
    }

    /// Opens a connection to an address of the host that has just been checked.
    async fn connect(&self, outgoing: &Outgoing) -> Result<Connected, Refusal> {
        let gate = &self.gate;
        let origin = &outgoing.key.origin;
        let waits = &outgoing.waits;
        let addresses = until(waits.deadline, waits.call, gate.egress.names.addresses(origin)).await??;
        let tls = self.certified().map(|(tls, _)| tls).or(gate.tls.as_ref());
        let tls = match (origin.secure, tls) {
            (false, _) => None,
            (true, Some(tls)) => Some(tls.clone()),
            (true, None) => return Err(Refusal::Host("no TLS for this connection".to_owned())),
        };
        let place = gate.egress.pool.place(&gate.tenant, waits.deadline).await?;
        let connecting = dial::connect(origin, &addresses, tls, waits.connect, place, gate.egress.proxy.as_ref());
        let connected = until(waits.deadline, waits.call, connecting).await??;
        if let Some(shared) = connected.share() {
            gate.egress.pool.give(outgoing.key.clone(), shared);
        }
        Ok(connected)
    }

    /// Holds a response's header to its limits, and reads a short body ahead.
    async fn check(&self, response: Response<Incoming>, lease: Lease, times: Times) -> Result<Response<Wire>, Refusal> {
        let (parts, incoming) = response.into_parts();
        reply::judge(&parts, &self.target.origin.host)?;
        let length: Option<u64> = parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let limit = self.meter.budget().response_bytes;
        if self.method != Method::HEAD && length.is_some_and(|length| length > limit) {
            return Err(self.meter.exceed(Resource::ResponseBytes, limit).into());
        }
        let mut wire = Wire::new(incoming, lease, self.meter.clone(), times);
        if !parts.status.is_success() || length.is_some_and(|length| length <= READ_AHEAD) {
            wire.read_ahead(READ_AHEAD).await?;
        }
        Ok(Response::from_parts(parts, wire))
    }

    /// Makes a response what the connector may see.
    fn hand_over(&self, response: Response<Wire>) -> Result<Response<ResponseBody>, Refusal> {
        let (mut parts, wire) = response.into_parts();
        self.event.change(|event| event.status = Some(parts.status.as_u16()));
        let coding = if self.method == Method::HEAD { None } else { Coding::of(&parts.headers)? };
        if coding.is_some() {
            OF_THE_CODED.iter().for_each(|name| drop(parts.headers.remove(*name)));
        }
        let hidden: Vec<HeaderName> = parts.headers.keys().filter(|name| self.gate.forbids(name)).cloned().collect();
        hidden.iter().for_each(|name| drop(parts.headers.remove(name)));
        let mut hits = 0;
        if let Some(scrubber) = self.gate.scrubber() {
            OF_THE_BYTES.iter().for_each(|name| drop(parts.headers.remove(*name)));
            for value in parts.headers.values_mut() {
                let mut bytes = value.as_bytes().to_vec();
                let found = scrubber.scrub(&mut bytes);
                if found > 0 {
                    hits += found;
                    *value = HeaderValue::from_bytes(&bytes).unwrap_or_else(|_| HeaderValue::from_static("*"));
                }
            }
        }
        self.gate.hit(hits);
        parts.version = Version::HTTP_11;
        parts.extensions.clear();
        let body = ResponseBody::new(Decoded::new(coding, wire), self.gate.clone(), self.event.clone(), self.started, hits);
        Ok(Response::from_parts(parts, body))
    }
}
