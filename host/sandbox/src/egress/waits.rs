//! How long the parts of one request may take: the operator's limits, and what the connector asks for within them.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use wasmtime_wasi_http::RequestOptions;

use super::gate::Gate;
use super::pace::until;
use super::refusal::{Refusal, Wait};
use super::upload::Progress;

/// How long the parts of one request may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waits {
    pub connect: Duration,
    pub response: Duration,
    pub idle: Duration,
    pub call: Duration,
    /// When the call ends.
    pub deadline: Instant,
}

impl Waits {
    /// The operator's limits, for a call that begins now.
    pub fn of(gate: &Gate) -> Self {
        let options = &gate.egress.options;
        let call = gate.meter().budget().call;
        let deadline = Instant::now().checked_add(call).unwrap_or_else(|| Instant::now() + Duration::from_secs(86_400));
        Waits { connect: options.connect_timeout, response: options.response_timeout, idle: options.idle_timeout, call, deadline }
    }

    /// What the connector asks for, where that is shorter.
    pub fn within(mut self, asked: Option<RequestOptions>) -> Self {
        let clamp = |asked: Option<Duration>, limit: Duration| {
            asked.map_or(limit, |asked| asked.max(Duration::from_millis(1)).min(limit.max(Duration::from_millis(1))))
        };
        if let Some(asked) = asked {
            self.connect = clamp(asked.connect_timeout, self.connect);
            self.response = clamp(asked.first_byte_timeout, self.response);
            self.idle = clamp(asked.between_bytes_timeout, self.idle);
        }
        self
    }
}

/// Until a response is late. The server's time begins when the connector has written the body.
pub(super) async fn late(waits: &Waits, upload: Option<Arc<Progress>>) -> Refusal {
    if let Some(upload) = upload
        && let Err(late) = until(waits.deadline, waits.call, upload.ended()).await
    {
        return late;
    }
    // A body that broke off at the end of the call leaves no time: it is the call that is over, not the server that is slow.
    let silence = tokio::time::sleep(waits.response);
    match until(waits.deadline, waits.call, silence).await {
        Ok(()) => Refusal::Timeout { what: Wait::Response, limit: waits.response },
        Err(over) => over,
    }
}
