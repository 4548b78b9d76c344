//! The vendor, as a connector sees it: its configuration, and requests relative to the base URL.

use serde::de::DeserializeOwned;

use crate::failure::{field_in, reason};
use crate::json::{Object, scalar};
use crate::request::Prepared;
use crate::{Failure, Path, Request, Response, Result, Transport};

/// The vendor's API for one call.
pub struct Vendor<C> {
    /// The connection's settings, without secrets.
    pub config: C,
    base_url: String,
    transport: Box<dyn Transport>,
}

impl<C: DeserializeOwned> Vendor<C> {
    /// A vendor with these settings (a JSON object with `base-url`, as the host hands it over), reached over this transport.
    ///
    /// # Errors
    /// `invalid-configuration`: the settings are no JSON object, lack `base-url`, or are not what the connector's `Config` wants.
    pub fn new(settings: &str, transport: impl Transport + 'static) -> Result<Self> {
        let wrong = |error: serde_json::Error| {
            let reason = reason(&error);
            Failure::invalid_configuration(field_in(&reason), format_args!("The settings can't be read: {reason}."))
        };
        let object: Object<'_> = serde_json::from_str(settings).map_err(wrong)?;
        let base_url = object
            .member("base-url")
            .and_then(scalar)
            .ok_or_else(|| Failure::invalid_configuration("base-url", "The settings lack the base URL."))?;
        let config = serde_json::from_str(settings).map_err(wrong)?;
        Ok(Vendor { config, base_url: base_url.trim_end_matches('/').to_owned(), transport: Box::new(transport) })
    }
}

impl<C> Vendor<C> {
    /// The URL that every request is relative to, without a slash at its end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// A GET request. The path is a literal, or [`path!`](crate::path!) where values belong in it.
    pub fn get(&self, path: impl Into<Path>) -> Request<'_> {
        self.request("GET", path.into())
    }

    /// A POST request.
    pub fn post(&self, path: impl Into<Path>) -> Request<'_> {
        self.request("POST", path.into())
    }

    /// A PUT request.
    pub fn put(&self, path: impl Into<Path>) -> Request<'_> {
        self.request("PUT", path.into())
    }

    /// A PATCH request.
    pub fn patch(&self, path: impl Into<Path>) -> Request<'_> {
        self.request("PATCH", path.into())
    }

    /// A DELETE request.
    pub fn delete(&self, path: impl Into<Path>) -> Request<'_> {
        self.request("DELETE", path.into())
    }

    /// Sends several requests at once. One result a request, in their order; a status other than 2xx is a failure.
    pub fn all<'a>(&'a self, requests: impl IntoIterator<Item = Request<'a>>) -> Vec<Result<Response>> {
        send_all(requests.into_iter().collect()).into_iter().map(|answer| answer.and_then(Response::checked)).collect()
    }

    fn request(&self, method: &'static str, path: Path) -> Request<'_> {
        Request::new(self.transport.as_ref(), &self.base_url, method, path)
    }
}

/// Sends requests of one vendor at once, whatever their answers' status.
pub(crate) fn send_all(requests: Vec<Request<'_>>) -> Vec<Result<Response>> {
    let Some(transport) = requests.first().map(Request::transport) else { return Vec::new() };
    let mut ready = Vec::new();
    // A request that can't be made keeps its place in the answers.
    let prepared: Vec<Result<String>> = requests
        .into_iter()
        .map(|request| {
            let Prepared { label, http } = request.prepare()?;
            ready.push(http);
            Ok(label)
        })
        .collect();
    let mut answers = transport.send_all(&ready).into_iter();
    prepared
        .into_iter()
        .map(|label| {
            let label = label?;
            let answer = answers.next().unwrap_or_else(|| Err(Failure::unavailable("No answer came.")));
            answer.map(|http| Response::new(label, http))
        })
        .collect()
}
