//! One answer: its status as a failure, its JSON as a value.

mod words;

use serde::de::{Deserialize, DeserializeOwned};
use serde_json::value::RawValue;

use crate::failure::{field_in, reason};
use crate::{Failure, FailureCode, HttpResponse, Out, Raw, Records, Result};
use words::Words;

/// An answer of the vendor, read to its end.
#[derive(Clone, Debug)]
pub struct Response {
    label: String,
    http: HttpResponse,
}

impl Response {
    pub(crate) fn new(label: String, http: HttpResponse) -> Self {
        Response { label, http }
    }

    /// The status: 200.
    pub fn status(&self) -> u16 {
        self.http.status
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.http.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.http.body
    }

    /// What was asked, for messages: `GET /teams`.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The answer, if its status is 2xx.
    ///
    /// # Errors
    /// | status | failure |
    /// |---|---|
    /// | 401 | `unauthenticated` |
    /// | 403 | `forbidden` |
    /// | 404, 410 | `not-found` (410 to a list's cursor: `cursor-expired`) |
    /// | 409, 423 | `conflict` |
    /// | 400, 413, 422 | `invalid-input`, where the request was not a GET; to a GET, `unexpected-response` |
    /// | 402, 501 | `unsupported` |
    /// | 429 | `rate-limited`, with `retry-after` where the vendor gives seconds, in `Retry-After` or `RateLimit-Reset` |
    /// | 408, 425, other 5xx | `unavailable`, with `retry-after` |
    /// | 3xx and the rest | `unexpected-response`; of a redirect only the host is named |
    ///
    /// The vendor's message and code are taken out of the common JSON shapes; of an HTML page, only a short piece of its text.
    pub fn checked(self) -> Result<Self> {
        self.checked_after(false)
    }

    pub(crate) fn checked_after(self, cursor: bool) -> Result<Self> {
        if (200..300).contains(&self.http.status) { Ok(self) } else { Err(self.failure(cursor)) }
    }

    /// The body as JSON of this shape.
    ///
    /// # Errors
    /// `unexpected-response`: another content type, an empty, truncated or malformed body, or another shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        self.parse()
    }

    /// The body's own bytes, for a record's `attributes`.
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub fn raw(&self) -> Result<Raw<'_>> {
        self.parse::<&RawValue>().map(Raw::of)
    }

    /// What one record's own answer becomes, by the same function as the rows of a list: for reading back after an action.
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub fn record<T: DeserializeOwned>(&self, row: impl FnOnce(T, Raw<'_>, &mut Out)) -> Result<Records> {
        let mut out = Out::default();
        row(self.json()?, self.raw()?, &mut out);
        Ok(out.records())
    }

    /// The body as JSON of this shape, which may borrow from it.
    pub(crate) fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        serde_json::from_str(self.text()?).map_err(|error| self.unreadable(&error))
    }

    /// The body, if it claims to be JSON.
    fn text(&self) -> Result<&str> {
        let label = &self.label;
        if self.http.body.is_empty() {
            return Err(self.misread(format_args!("{label} was answered with nothing.")));
        }
        let kind = self.header("content-type").unwrap_or("json").to_ascii_lowercase();
        if !kind.contains("json") {
            let kind = crate::failure::shorten(kind.split(';').next().unwrap_or_default(), 40);
            return Err(self.misread(format_args!("{label} was answered with {kind} instead of JSON.")));
        }
        std::str::from_utf8(&self.http.body).map_err(|_| self.misread(format_args!("The answer to {label} is not UTF-8.")))
    }

    /// A failure to understand this answer.
    pub(crate) fn misread(&self, message: impl std::fmt::Display) -> Failure {
        Failure { http_status: Some(self.http.status), ..Failure::unexpected(message) }
    }

    fn unreadable(&self, error: &serde_json::Error) -> Failure {
        let (label, reason) = (&self.label, reason(error));
        if error.is_eof() {
            self.misread(format_args!("The answer to {label} ends in the middle."))
        } else {
            self.misread(format_args!("The answer to {label} is not what this connector expects: {reason}."))
        }
    }

    fn failure(&self, cursor: bool) -> Failure {
        let status = self.http.status;
        let reading = self.label.starts_with("GET ");
        let code = match status {
            401 => FailureCode::Unauthenticated,
            403 => FailureCode::Forbidden,
            410 if cursor => FailureCode::CursorExpired,
            404 | 410 => FailureCode::NotFound,
            409 | 423 => FailureCode::Conflict,
            400 | 413 | 422 if !reading => FailureCode::InvalidInput,
            402 | 501 => FailureCode::Unsupported,
            429 => FailureCode::RateLimited,
            408 | 425 | 500..=599 => FailureCode::Unavailable,
            _ => FailureCode::UnexpectedResponse,
        };
        let mut message = format!("{} was answered with {status}", self.label);
        let mut vendor_code = None;
        if (300..400).contains(&status) {
            message.push_str(&match self.header("location").and_then(host_of) {
                Some(host) => format!(", a redirect to {host}; redirects are not followed"),
                None => ", a redirect; redirects are not followed".to_owned(),
            });
        } else {
            let words = Words::of(&self.http.body, status);
            vendor_code = words.code;
            if let Some(text) = words.message {
                message.push_str(": ");
                message.push_str(&text);
            }
        }
        if !message.ends_with(['.', '!', '?', '…']) {
            message.push('.');
        }
        let retry_after = match code {
            FailureCode::RateLimited | FailureCode::Unavailable => {
                ["retry-after", "ratelimit-reset"].iter().find_map(|name| self.header(name)?.trim().parse().ok())
            }
            _ => None,
        };
        let field = if code == FailureCode::InvalidInput { Some(field_in(&message).to_owned()) } else { None };
        let field = field.filter(|field| !field.is_empty());
        Failure { code, message, field, vendor_code, http_status: Some(status), retry_after }
    }
}

/// The host in a redirect's location, if it is an absolute URL with a plain one.
fn host_of(location: &str) -> Option<&str> {
    let rest = location.split_once("://")?.1;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let plain = !host.is_empty() && host.len() <= 253 && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:".contains(&b));
    plain.then_some(host)
}
