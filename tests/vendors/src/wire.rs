//! Requests as the vendors' handlers see them, and their replies.

use bytes::Bytes;
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::Value;

/// A request, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) host: String,
    /// Still encoded.
    pub(crate) path: String,
    /// Still encoded, "" for none.
    pub(crate) raw_query: String,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The most rows that the server gives on a page, where that is fewer than the vendor's own.
    pub(crate) most_rows: Option<u64>,
}

/// The names of headers that carry a credential at one of the vendors.
const CREDENTIALS: &[&str] = &["authorization", "x-api-key", "x-user-token"];

impl Request {
    pub(crate) fn new(method: Method, host: String, path: &str, query: &str, headers: HeaderMap, body: Bytes) -> Self {
        let query_pairs = Query::parse(query);
        Request {
            method,
            host,
            path: path.to_owned(),
            raw_query: query.to_owned(),
            query: query_pairs,
            headers,
            body,
            most_rows: None,
        }
    }

    /// The largest page: the vendor's own, unless the server gives less.
    pub(crate) fn largest(&self, vendors: u64) -> u64 {
        self.most_rows.map_or(vendors, |most| most.clamp(1, vendors))
    }

    /// The same request with these headers in place of those of their names. What can't be a header is left out.
    pub(crate) fn with_headers(&self, headers: &[(String, String)]) -> Self {
        let mut changed = self.clone();
        for (name, value) in crate::faults::header_map(headers).iter() {
            changed.headers.insert(name, value.clone());
        }
        changed
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn has_credential(&self) -> bool {
        CREDENTIALS.iter().any(|name| self.headers.contains_key(*name))
    }

    /// What follows `Bearer ` in the authorization header.
    pub(crate) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The decoded segments of the path below a prefix; none when it isn't below it.
    pub(crate) fn segments(&self, prefix: &str) -> Option<Vec<String>> {
        let rest = self.path.strip_prefix(prefix)?;
        let rest = if rest.is_empty() { rest } else { rest.strip_prefix('/')? };
        Some(
            rest.trim_end_matches('/').split('/').map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect(),
        )
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// The pairs of a query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    fn parse(text: &str) -> Self {
        let decode = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pair = |pair: &str| {
            pair.split_once('=').map_or((decode(pair), String::new()), |(name, value)| (decode(name), decode(value)))
        };
        Query(text.split('&').filter(|part| !part.is_empty()).map(pair).collect())
    }

    /// The first value of a name. An empty value counts as none.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of a name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |pair| pair.0 == name && !pair.1.is_empty()).map(|pair| pair.1.as_str())
    }

    /// Names and values.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|pair| (pair.0.as_str(), pair.1.as_str()))
    }

    /// A number, or the default where the name is missing; none for what is no number.
    pub(crate) fn number(&self, name: &str, default: u64) -> Option<u64> {
        self.get(name).map_or(Some(default), |text| text.parse().ok())
    }
}

/// An answer, before faults.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Reply {
    /// JSON with a status.
    pub(crate) fn json(status: u16, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Reply::typed(status, "application/json", body),
            Err(error) => Reply::text(500, &error.to_string()),
        }
    }

    /// JSON with status 200.
    pub(crate) fn ok(value: &impl Serialize) -> Self {
        Reply::json(200, value)
    }

    pub(crate) fn text(status: u16, text: &str) -> Self {
        Reply::typed(status, "text/plain; charset=utf-8", text.to_owned())
    }

    pub(crate) fn html(status: u16, title: &str) -> Self {
        let page = format!("<!doctype html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n");
        Reply::typed(status, "text/html;charset=utf-8", page)
    }

    pub(crate) fn empty(status: u16) -> Self {
        Reply { status, headers: Vec::new(), body: Bytes::new() }
    }

    pub(crate) fn typed(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Reply { status, headers: vec![("content-type".to_owned(), content_type.to_owned())], body: body.into() }
    }

    pub(crate) fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded_and_a_broken_one_is_read_as_far_as_it_goes() {
        let query = Query::parse("cursor=cD0yOTE0Mw%3D%3D&sort=a+b&flag&&bad=%zz&targets=user&targets=user_group");
        assert_eq!(query.get("cursor"), Some("cD0yOTE0Mw=="));
        assert_eq!(query.get("sort"), Some("a b"));
        assert_eq!(query.get("flag"), None);
        assert_eq!(query.get("bad"), Some("%zz"));
        assert_eq!(query.all("targets").count(), 2);
        assert_eq!(query.number("limit", 10), Some(10));
        assert_eq!(query.number("sort", 10), None);
    }
}
