//! The connector as a plain library: the same code, compiled for this machine, behind the same gate.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use bytes::Bytes;
use headcount::sandbox::egress::{Gate, Purpose};
use headcount_connector::{Connector, Failure, HttpRequest, HttpResponse, Page, Transport, Vendor};
use headcount_jumpcloud::JumpCloud;
use tokio::runtime::Handle;

/// Runs the connector on the thread that calls it.
pub struct Native {
    settings: String,
    way_out: WayOut,
}

impl Native {
    /// With these settings, as the host hands them over, through this gate.
    pub fn new(settings: String, gate: Arc<Gate>, handle: Handle) -> Self {
        Native { settings, way_out: WayOut { gate, handle, nanos: Arc::default() } }
    }

    /// One page of users. The connector reads its settings for each call, as it does in the sandbox.
    pub fn read(&self, cursor: Option<&str>) -> Result<Page> {
        let vendor = Vendor::new(&self.settings, self.way_out.clone()).map_err(|failure| anyhow!(failure.message))?;
        JumpCloud::read(&vendor, "users", None, cursor).map_err(|failure| anyhow!(failure.message))
    }

    /// How much of the last page's time was spent in egress and at the vendor.
    pub fn take_waited(&self) -> Duration {
        Duration::from_nanos(self.way_out.nanos.swap(0, Ordering::Relaxed))
    }
}

#[derive(Clone)]
struct WayOut {
    gate: Arc<Gate>,
    handle: Handle,
    nanos: Arc<AtomicU64>,
}

impl Transport for WayOut {
    fn send(&self, request: &HttpRequest) -> Result<HttpResponse, Failure> {
        let start = Instant::now();
        let mut outgoing = http::Request::builder().method(request.method).uri(&request.url);
        for (name, value) in &request.headers {
            outgoing = outgoing.header(name, value);
        }
        let body = request.body.clone().map(Bytes::from).unwrap_or_default();
        let outgoing = outgoing.body(body).map_err(|error| Failure::unexpected(error.to_string()))?;
        let answer = self.handle.block_on(self.gate.send(&Purpose::Read, outgoing));
        let (parts, body) = answer.map_err(|refusal| Failure::unavailable(refusal.to_string()))?.into_parts();
        self.nanos.fetch_add(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        Ok(HttpResponse { status: parts.status.as_u16(), headers, body: body.into() })
    }
}
