//! Things that go wrong on request: which requests, and what happens to them.

mod dialect;
mod place;
mod rows;
mod spoil;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::guarded::Guarded;
use crate::wire::Request;

pub use dialect::Dialect;
use place::Places;
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
    /// So many seconds, as one of the vendors of this world says it.
    In(Dialect, u32),
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
    /// No rows, and nothing that follows. Stated totals stay as they are.
    LostPage,
    /// The page begins a row too late, as when a row before it was deleted meanwhile. A stated total is one less.
    ShiftedPage,
    /// The page without its last row. All else stays as it is.
    CutShort,
    /// A stated total is one more than before.
    TotalChanges,
    /// The dates of the page's first row are none.
    BadDate,
    /// In every row that has this text somewhere, in whatever case, something else stands at one place.
    Rows {
        /// The text.
        with: String,
        /// The place, as a JSON Pointer into the row.
        at: String,
        /// What stands there instead; none for nothing at all.
        instead: Option<serde_json::Value>,
    },
    /// The right answer to whoever sends these headers, which take the place of those that came.
    As(Vec<(String, String)>),
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
    /// Only paths that end there, too.
    pub exact: bool,
    /// Only this page of each list, counted from 1 as pages are asked for since the faults were cleared; none for all.
    pub page: Option<u32>,
    /// Once struck, every later request is struck too, whatever it asks for.
    pub onward: bool,
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
        Rule {
            fault,
            path: path.to_owned(),
            exact: false,
            page: None,
            onward: false,
            method: None,
            query: String::new(),
            from: 1,
            times: u32::MAX,
        }
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

    /// Only this page of the list at exactly this path.
    pub fn page(self, page: u32) -> Self {
        Rule { exact: true, page: Some(page), ..self }
    }

    fn matches(&self, request: &Request, page: u32) -> bool {
        request.path.starts_with(&self.path)
            && (!self.exact || request.path.len() == self.path.len())
            && self.page.is_none_or(|wanted| wanted == page)
            && self.method.as_ref().is_none_or(|method| *method == request.method.as_str())
            && (self.query.is_empty() || request.raw_query.contains(&self.query))
    }
}

/// The faults of one server. They can be changed while it runs.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Guarded<Vec<Armed>>,
    places: Places,
    sizes: Guarded<BTreeMap<String, u64>>,
    pub(crate) memory: Memory,
}

/// A rule, and what it has met so far.
#[derive(Debug)]
struct Armed {
    rule: Rule,
    seen: u32,
    struck: u32,
}

impl Faults {
    /// Adds a rule. Earlier rules go first, and the first that strikes a request is the only one.
    pub fn set(&self, rule: Rule) {
        self.rules.write().push(Armed { rule, seen: 0, struck: 0 });
    }

    /// Forgets all rules, and which pages were asked for.
    pub fn clear(&self) {
        self.rules.write().clear();
        self.places.clear();
    }

    /// How many requests were struck since the rules were cleared.
    pub fn struck(&self) -> u32 {
        self.rules.read().iter().map(|armed| armed.struck).sum()
    }

    /// Gives at most so many rows a page of the list at this path, or with "" of all other lists: vendors may give fewer than
    /// asked for.
    pub fn page_size(&self, path: &str, rows: u64) {
        self.sizes.write().insert(path.to_owned(), rows);
    }

    /// The most rows on a page of this path.
    pub(crate) fn most_rows(&self, path: &str) -> Option<u64> {
        let sizes = self.sizes.read();
        sizes.get(path).or_else(|| sizes.get("")).copied()
    }

    /// What strikes this request.
    pub(crate) fn strike(&self, request: &Request) -> Option<Fault> {
        let page = self.places.page(request);
        let mut struck = None;
        for armed in self.rules.write().iter_mut() {
            let goes_on = armed.rule.onward && armed.struck > 0;
            if !goes_on && !armed.rule.matches(request, page) {
                continue;
            }
            armed.seen = armed.seen.saturating_add(1);
            let Rule { from, times, .. } = armed.rule;
            let last = from.saturating_add(times - u32::from(times > 0));
            if struck.is_none() && (goes_on || times > 0 && (from..=last).contains(&armed.seen)) {
                armed.struck = armed.struck.saturating_add(1);
                struck = Some(armed.rule.fault.clone());
            }
        }
        struck
    }
}
