//! What the engine's errors mean. Some limits are wasmtime's own, and it reports them as text only: that text is known here and
//! nowhere else.

use wasmtime_wasi::I32Exit;

use super::limits::{INSTANCES, MEMORIES, TABLES};
use super::state::{HANDLES, HEADER_BYTES, HOST_CALL_BYTES, RANDOM_BYTES, RESOURCES};
use crate::budget::{Excess, Meter, Resource};
use crate::error::CallError;
use crate::fair::Crowded;

/// What wasmtime says, and which limit it means.
const TEXTS: &[(&str, Resource, u64)] = &[
    ("too much data is being copied between the host and the guest", Resource::HostCallBytes, HOST_CALL_BYTES as u64),
    ("store handle limit exceeded", Resource::Handles, HANDLES as u64),
    ("resource table has no free keys", Resource::Handles, RESOURCES as u64),
    ("requested len", Resource::RandomBytes, RANDOM_BYTES),
    ("total size of fields exceeds limit", Resource::Headers, HEADER_BYTES as u64),
    ("too many fields", Resource::Headers, HEADER_BYTES as u64),
    ("resource limit exceeded: instance count", Resource::Instances, INSTANCES as u64),
    ("resource limit exceeded: memory count", Resource::Memories, MEMORIES as u64),
    ("resource limit exceeded: table count", Resource::Tables, TABLES as u64),
];

/// Why the call ended. What the session's budget has latched comes first: the trap may be only its echo.
pub(super) fn reason(error: &wasmtime::Error, meter: &Meter, tail: String) -> CallError {
    if let Some(excess) = meter.excess() {
        return excess.into();
    }
    if let Some(excess) = error.downcast_ref::<Excess>() {
        return meter.exceed(excess.resource, excess.limit).into();
    }
    if let Some(crowded) = error.downcast_ref::<Crowded>() {
        return crowded.clone().into();
    }
    let cause = error.root_cause().to_string();
    if let Some((_, resource, limit)) = TEXTS.iter().find(|(text, ..)| cause.contains(text)) {
        return meter.exceed(*resource, *limit).into();
    }
    let reason = match error.downcast_ref::<I32Exit>() {
        Some(I32Exit(status)) => format!("it exited with status {status}"),
        None => cause,
    };
    CallError::Trap { reason, output: tail }
}

#[cfg(test)]
mod tests;
