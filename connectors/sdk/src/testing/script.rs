//! The script behind a test vendor: which request gets which answer, and what was asked.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::path::decode;
use crate::{Failure, HttpRequest, HttpResponse, Result, Transport};

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply(Result<HttpResponse>);

impl Reply {
    /// 200 with this JSON.
    pub fn json(body: Value) -> Self {
        Self::text("application/json", body.to_string())
    }

    /// 200 with this body.
    pub fn text(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Reply(Ok(HttpResponse { status: 200, headers, body: body.into() }))
    }

    /// 204 with nothing.
    pub fn empty() -> Self {
        Reply(Ok(HttpResponse { status: 204, ..Default::default() }))
    }

    /// No answer: the request fails on its way.
    pub fn broken(failure: Failure) -> Self {
        Reply(Err(failure))
    }

    /// With this status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        if let Ok(response) = &mut self.0 {
            response.status = status;
        }
        self
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl fmt::Display) -> Self {
        if let Ok(response) = &mut self.0 {
            response.headers.push((name.to_owned(), value.to_string()));
        }
        self
    }
}

/// A request that a connector made.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// In capitals.
    pub method: String,
    /// Below the base URL, as sent.
    pub path: String,
    /// Decoded names and values, in order.
    pub query: Vec<(String, String)>,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as JSON, if it had one.
    pub body: Option<Value>,
}

impl Sent {
    /// The first query parameter of this name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn of(request: &HttpRequest, base_url: &str) -> Self {
        let target = request.url.strip_prefix(base_url).unwrap_or(&request.url);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Sent {
            method: request.method.to_owned(),
            path: path.to_owned(),
            query: parameters(query),
            headers: request.headers.clone(),
            body: request.body.as_ref().and_then(|body| serde_json::from_slice(body).ok()),
        }
    }
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        for (at, (name, value)) in self.query.iter().enumerate() {
            write!(f, "{}{name}={value}", if at == 0 { '?' } else { '&' })?;
        }
        Ok(())
    }
}

pub(super) struct Rule {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    reply: Reply,
    left: Option<usize>,
}

impl Rule {
    pub(super) fn new(request: &str, reply: Reply, left: Option<usize>) -> Self {
        let (method, target) = request.split_once(' ').unwrap_or(("GET", request));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Rule { method: method.to_owned(), path: path.to_owned(), query: parameters(query), reply, left }
    }

    fn fits(&self, sent: &Sent) -> bool {
        self.left != Some(0)
            && self.method == sent.method
            && self.path == sent.path
            && self.query.iter().all(|(name, value)| sent.parameter(name) == Some(value))
    }
}

pub(super) struct Script {
    base_url: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rules: Vec<Rule>,
    sent: Vec<Sent>,
}

impl Script {
    pub(super) fn new(base_url: &str) -> Self {
        Script { base_url: base_url.trim_end_matches('/').to_owned(), state: Mutex::default() }
    }

    pub(super) fn add(&self, rule: Rule) {
        self.state().rules.push(rule);
    }

    pub(super) fn sent(&self) -> Vec<Sent> {
        self.state().sent.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Arc<Script> {
    fn send(&self, request: &HttpRequest) -> Result<HttpResponse> {
        let mut state = self.state();
        let sent = Sent::of(request, &self.base_url);
        state.sent.push(sent.clone());
        let Some(rule) = state.rules.iter_mut().find(|rule| rule.fits(&sent)) else {
            return Err(Failure::unexpected(format_args!("The test has no answer to {sent}.")));
        };
        rule.left = rule.left.map(|left| left - 1);
        rule.reply.0.clone()
    }
}

fn parameters(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}
