//! How each fault changes an answer.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Value, json};

use super::{Fault, RetryAfter, rows};
use crate::guarded::Guarded;
use crate::wire::{Reply, Request};

/// How many paths' last answers are remembered.
const PATHS: usize = 4_096;

/// The last answer of each path.
#[derive(Debug, Default)]
pub(crate) struct Memory(Guarded<HashMap<String, Reply>>);

/// How an answer leaves.
#[derive(Clone, Debug)]
pub(crate) enum Sent {
    /// Whole.
    Whole(Reply),
    /// Whole, after a while.
    Late(Reply, Duration),
    /// Its body in pieces.
    Slow(Reply, usize, Duration),
    /// Its head and half of its body.
    Cut(Reply),
    /// A string of so many bytes.
    Huge(u64),
    /// Not at all; the connection closes at once.
    Never,
    /// Not at all; the connection stays open for long.
    Hung,
}

/// Answers a request that a fault may have struck.
pub(crate) fn spoil(request: &Request, fault: Option<Fault>, memory: &Memory, answer: impl Fn(&Request) -> Reply) -> Sent {
    let Some(fault) = fault else { return Sent::Whole(memory.keep(request, answer(request))) };
    let whole = |reply| Sent::Whole(reply);
    match fault {
        Fault::Status { status, content_type, body } if content_type.is_empty() => {
            whole(Reply { body: body.into(), ..Reply::empty(status) })
        }
        Fault::Status { status, content_type, body } => whole(Reply::typed(status, &content_type, body)),
        Fault::TooManyRequests(retry) => whole(too_many(retry)),
        Fault::Delay(pause) => Sent::Late(memory.keep(request, answer(request)), pause),
        Fault::Hang => Sent::Hung,
        Fault::Reset => Sent::Never,
        Fault::Cut => Sent::Cut(answer(request)),
        Fault::TruncatedJson => {
            let reply = answer(request);
            let half = reply.body.slice(..reply.body.len() / 2);
            whole(Reply { body: half, ..reply })
        }
        Fault::HtmlOk => whole(Reply::html(200, "Sign in")),
        Fault::WrongContentType => {
            let mut reply = answer(request);
            reply.headers.retain(|header| header.0 != "content-type");
            whole(reply.header("content-type", "text/plain"))
        }
        Fault::RepeatPrevious => whole(memory.last(request).unwrap_or_else(|| answer(request))),
        Fault::CyclicNext => whole(cyclic(request, answer)),
        Fault::EmptyPageWithNext => whole(emptied(request, answer(request))),
        Fault::LostPage => whole(rows::lost(answer(request))),
        Fault::ShiftedPage => whole(rows::shifted(answer(request))),
        Fault::CutShort => whole(rows::cut_short(answer(request))),
        Fault::TotalChanges => whole(rows::total_changed(answer(request), 1)),
        Fault::BadDate => whole(rows::bad_date(answer(request))),
        Fault::Rows { with, at, instead } => whole(rows::changed(answer(request), &with.to_lowercase(), &at, instead.as_ref())),
        Fault::As(headers) => whole(memory.keep(request, answer(&request.with_headers(&headers)))),
        Fault::EmptyBody => whole(Reply::empty(200)),
        Fault::Redirect(place) => whole(Reply::empty(302).header("location", place)),
        Fault::SlowBody { piece, pause } => Sent::Slow(answer(request), piece.max(1), pause),
        Fault::HugeBody(bytes) => Sent::Huge(bytes),
        Fault::HeaderFlood(count) => {
            let flood = |reply: Reply, number| reply.header(&format!("x-flood-{number}"), "f".repeat(86));
            whole((0..count).fold(answer(request), flood))
        }
    }
}

impl Memory {
    fn keep(&self, request: &Request, reply: Reply) -> Reply {
        let mut paths = self.0.write();
        if paths.len() >= PATHS {
            paths.clear();
        }
        if request.method == Method::GET {
            paths.insert(request.path.clone(), reply.clone());
        }
        reply
    }

    fn last(&self, request: &Request) -> Option<Reply> {
        self.0.read().get(&request.path).cloned()
    }
}

fn too_many(retry: RetryAfter) -> Reply {
    let reply = Reply::json(429, &json!({ "message": "Too many requests" }));
    match retry {
        RetryAfter::Nothing => reply,
        RetryAfter::Seconds(seconds) => reply.header("retry-after", seconds),
        RetryAfter::Reset(seconds) => reply.header("ratelimit-reset", seconds),
        RetryAfter::In(dialect, seconds) => {
            dialect.headers(seconds).into_iter().fold(reply, |reply, (name, value)| reply.header(name, value))
        }
        RetryAfter::Date(seconds) => {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
            reply.header("retry-after", http_date(now + u64::from(seconds)))
        }
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
pub(super) fn http_date(seconds: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = crate::company::Moment(i64::try_from(seconds).unwrap_or(0) * 1_000_000).seconds();
    let part = |range| text.get(range).unwrap_or("");
    let day = DAYS.get((seconds / 86_400 % 7) as usize).unwrap_or(&"");
    let month = part(5..7).parse::<usize>().ok().and_then(|month| MONTHS.get(month.wrapping_sub(1))).unwrap_or(&"");
    format!("{day}, {} {month} {} {} GMT", part(8..10), part(0..4), part(11..19))
}

/// Names under which the vendors ask for a page.
pub(super) const PAGING: [&str; 5] = ["page", "skip", "offset", "cursor", "search_after"];

/// The first page, whose link to the next leads to the same address.
fn cyclic(request: &Request, answer: impl Fn(&Request) -> Reply) -> Reply {
    let kept: Vec<&str> =
        request.raw_query.split('&').filter(|pair| !PAGING.contains(&pair.split('=').next().unwrap_or(""))).collect();
    let first = Request {
        most_rows: request.most_rows,
        ..Request::new(
            request.method.clone(),
            request.host.clone(),
            &request.path,
            &kept.join("&"),
            request.headers.clone(),
            request.body.clone(),
        )
    };
    let reply = answer(&first);
    let own = format!("https://{}{}?{}", request.host, request.path, request.raw_query);
    let page = request.query.get("page").and_then(|page| page.parse::<u64>().ok()).unwrap_or(1);
    with_next(reply, &own, page, |_| {})
}

/// The same page without its rows, and with a link to a next one.
fn emptied(request: &Request, reply: Reply) -> Reply {
    let page = request.query.get("page").and_then(|page| page.parse::<u64>().ok()).unwrap_or(1) + 1;
    let separator = if request.raw_query.is_empty() { "" } else { "&" };
    let next = format!("https://{}{}?{}{separator}page={page}&cursor=cD0x", request.host, request.path, request.raw_query);
    with_next(reply, &next, page, |body| match body {
        Value::Array(rows) => rows.clear(),
        Value::Object(fields) => fields.values_mut().filter_map(Value::as_array_mut).for_each(Vec::clear),
        _ => {}
    })
}

fn with_next(mut reply: Reply, next: &str, page: u64, change: impl Fn(&mut Value)) -> Reply {
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
    change(&mut body);
    if let Some(fields) = body.as_object_mut() {
        if let Some(meta) = fields.get_mut("meta").and_then(Value::as_object_mut) {
            meta.insert("next_page".to_owned(), json!(next));
            meta.insert("next_page_number".to_owned(), json!(page));
        } else if fields.contains_key("next") {
            fields.insert("next".to_owned(), json!(next));
        }
    }
    if let Some(link) = reply.headers.iter_mut().find(|header| header.0.eq_ignore_ascii_case("link")) {
        link.1 = format!("<{next}>; rel=\"next\"");
    }
    Reply { body: Bytes::from(body.to_string()), ..reply }
}

/// The headers of a reply, as far as they can be sent.
pub(crate) fn header_map(headers: &[(String, String)]) -> HeaderMap {
    let pair = |(name, value): &(String, String)| {
        let name = http::HeaderName::try_from(name.as_str()).ok()?;
        Some((name, http::HeaderValue::try_from(value.as_str()).ok()?))
    };
    let mut map = HeaderMap::new();
    for (name, value) in headers.iter().filter_map(pair) {
        map.append(name, value);
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_http_wants_it() {
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
