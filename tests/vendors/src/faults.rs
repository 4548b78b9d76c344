//! Things that go wrong on request: which requests, and what happens to them.

mod spoil;

use std::time::Duration;

use crate::guarded::Guarded;
use crate::wire::Request;

pub(crate) use spoil::{Memory, Sent, header_map, spoil};

/// When to try again, as a 429 says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// It doesn't say.
    Nothing,
    /// `Retry-After` in seconds.
    Seconds(u32),
    /// `Retry-After` as a date, so many seconds from now by the real clock.
    Date(u32),
    /// `RateLimit-Reset` in seconds, and no `Retry-After`.
    Reset(u32),
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This answer instead.
    Status {
        /// The status.
        status: u16,
        /// The content type; "" for none.
        content_type: String,
        /// The body.
        body: String,
    },
    /// 429.
    TooManyRequests(RetryAfter),
    /// The right answer, late.
    Delay(Duration),
    /// No answer for ten minutes, then the connection closes.
    Hang,
    /// The connection closes before an answer.
    Reset,
    /// The connection closes in the middle of the body.
    Cut,
    /// Half of the JSON, as if it were whole.
    TruncatedJson,
    /// 200 with a page of HTML.
    HtmlOk,
    /// The right body, called `text/plain`.
    WrongContentType,
    /// What the last request for this path was answered.
    RepeatPrevious,
    /// The first page again, with a link to itself.
    CyclicNext,
    /// No rows, but a link to a next page.
    EmptyPageWithNext,
    /// 200 and nothing at all.
    EmptyBody,
    /// 302.
    Redirect(String),
    /// The right body, in pieces with pauses between.
    SlowBody {
        /// Bytes in a piece.
        piece: usize,
        /// The pause after each.
        pause: Duration,
    },
    /// A JSON string of so many bytes.
    HugeBody(u64),
    /// The right answer with so many more headers of 100 bytes.
    HeaderFlood(u32),
}

/// A fault and the requests that it strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What goes wrong.
    pub fault: Fault,
    /// Only paths that begin so; "" for all.
    pub path: String,
    /// Only this method; none for all.
    pub method: Option<String>,
    /// Only requests whose query has this text; "" for all.
    pub query: String,
    /// The first matching request that is struck, counted from 1.
    pub from: u32,
    /// How many are struck.
    pub times: u32,
}

impl Rule {
    /// Strikes every request whose path begins so.
    pub fn always(path: &str, fault: Fault) -> Self {
        Rule { fault, path: path.to_owned(), method: None, query: String::new(), from: 1, times: u32::MAX }
    }

    /// Strikes the nth matching request alone, counted from 1.
    pub fn nth(path: &str, nth: u32, fault: Fault) -> Self {
        Rule { from: nth.max(1), times: 1, ..Rule::always(path, fault) }
    }

    /// Only requests with this method.
    pub fn method(self, method: &str) -> Self {
        Rule { method: Some(method.to_ascii_uppercase()), ..self }
    }

    /// Only requests whose query, still encoded, has this text.
    pub fn query(self, part: &str) -> Self {
        Rule { query: part.to_owned(), ..self }
    }

    fn matches(&self, request: &Request) -> bool {
        request.path.starts_with(&self.path)
            && self.method.as_ref().is_none_or(|method| *method == request.method.as_str())
            && (self.query.is_empty() || request.raw_query.contains(&self.query))
    }
}

/// The faults of one server. They can be changed while it runs.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Guarded<Vec<(Rule, u32)>>,
    pub(crate) memory: Memory,
}

impl Faults {
    /// Adds a rule. Earlier rules go first, and the first that strikes a request is the only one.
    pub fn set(&self, rule: Rule) {
        self.rules.write().push((rule, 0));
    }

    /// Forgets all rules.
    pub fn clear(&self) {
        self.rules.write().clear();
    }

    /// What strikes this request.
    pub(crate) fn strike(&self, request: &Request) -> Option<Fault> {
        let mut struck = None;
        for (rule, seen) in self.rules.write().iter_mut().filter(|(rule, _)| rule.matches(request)) {
            *seen = seen.saturating_add(1);
            let last = rule.from.saturating_add(rule.times - u32::from(rule.times > 0));
            if struck.is_none() && rule.times > 0 && (rule.from..=last).contains(seen) {
                struck = Some(rule.fault.clone());
            }
        }
        struck
    }
}
