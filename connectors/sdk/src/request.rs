//! One request: query, headers, body, and the ways to send it.

use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::path::encode;
use crate::{Failure, HttpRequest, List, Paging, Path, Response, Result, Transport};

/// A request that has not left yet. Credentials are none of its business: the host adds them.
#[must_use = "a request does nothing until it is sent"]
pub struct Request<'a> {
    transport: &'a dyn Transport,
    base_url: &'a str,
    method: &'static str,
    path: Path,
    query: String,
    headers: Vec<(String, String)>,
    body: Option<Result<Vec<u8>>>,
}

/// A request that is ready to leave, and what to call it.
pub(crate) struct Prepared {
    pub(crate) label: String,
    pub(crate) http: HttpRequest,
}

impl<'a> Request<'a> {
    pub(crate) fn new(transport: &'a dyn Transport, base_url: &'a str, method: &'static str, path: Path) -> Self {
        let headers = vec![("accept".to_owned(), "application/json".to_owned())];
        Request { transport, base_url, method, path, query: String::new(), headers, body: None }
    }

    /// Adds a query parameter. Name and value are percent-encoded.
    pub fn query(mut self, name: &str, value: impl Display) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        encode(&mut self.query, name);
        self.query.push('=');
        encode(&mut self.query, &value.to_string());
        self
    }

    /// Adds a query parameter where there is a value.
    pub fn maybe_query(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Sets a header in place of an earlier one. Credentials and cookies are refused by the host.
    pub fn header(mut self, name: &str, value: impl Display) -> Self {
        let name = name.to_ascii_lowercase();
        self.headers.retain(|(earlier, _)| *earlier != name);
        self.headers.push((name, value.to_string()));
        self
    }

    /// Sets a JSON body.
    pub fn body(mut self, body: impl Serialize) -> Self {
        let bytes = serde_json::to_vec(&body);
        self.body =
            Some(bytes.map_err(|error| Failure::unexpected(format_args!("The request's body can't be written: {error}."))));
        self.header("content-type", "application/json")
    }

    /// Sends it.
    ///
    /// # Errors
    /// The answer's status is not 2xx (see [`Response::checked`]), or no answer came.
    pub fn send(self) -> Result<Response> {
        self.answer()?.checked()
    }

    /// Sends it and takes an answer of any status.
    ///
    /// # Errors
    /// No answer came, or the request can't be made.
    pub fn answer(self) -> Result<Response> {
        let transport = self.transport;
        let Prepared { label, http } = self.prepare()?;
        Ok(Response::new(label, transport.send(&http)?))
    }

    /// Sends it and reads the answer's JSON.
    ///
    /// # Errors
    /// As [`send`](Self::send); and `unexpected-response` where the answer is not this JSON.
    pub fn json<T: DeserializeOwned>(self) -> Result<T> {
        self.send()?.json()
    }

    /// Sends it for one page of a list. `rows` names the member of the answer that holds the rows (`results`), or points at it
    /// (`/data/items`); empty, the answer itself is the list.
    ///
    /// # Errors
    /// As [`send`](Self::send); `cursor-expired` where the cursor is none of this paging's, or the vendor answers it with 410.
    pub fn list(self, paging: &Paging, cursor: Option<&str>, rows: &'static str) -> Result<List> {
        let (request, place) = paging.ask(self, cursor)?;
        Ok(List::new(request.answer()?.checked_after(cursor.is_some())?, *paging, place, rows))
    }

    pub(crate) fn transport(&self) -> &'a dyn Transport {
        self.transport
    }

    pub(crate) fn prepare(self) -> Result<Prepared> {
        let path = self.path.into_text()?;
        let label = format!("{} {path}", self.method);
        let url = format!("{}{path}{}", self.base_url, self.query);
        let body = self.body.transpose()?;
        Ok(Prepared { label, http: HttpRequest { method: self.method, url, headers: self.headers, body } })
    }
}
