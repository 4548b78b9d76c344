//! What a budget bounds: names for settings, words for people, and units.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::limits::LimitError;
use crate::quantity::Unit;

/// Something that a budget bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Resource {
    /// Linear memory and tables, summed over all live instances of a session.
    Memory,
    /// Time on a processor inside the connector, for a whole session.
    Cpu,
    /// Wall clock of one call, waiting included.
    Call,
    /// Requests of a session, repeats included.
    Requests,
    /// Requests of a connection under way at once.
    ConcurrentRequests,
    /// Requests of a connection a second.
    RequestsPerSecond,
    /// Requests of a connection a minute.
    RequestsPerMinute,
    /// Requests of a connection an hour.
    RequestsPerHour,
    /// Bytes of all request bodies of a session.
    RequestBytes,
    /// Bytes of one response body, decoded.
    ResponseBytes,
    /// Bytes of all response bodies of a session, on the wire.
    ReceivedBytes,
    /// Bytes of all response bodies of a session, decoded.
    DecodedBytes,
    /// Records of one page, skipped rows included.
    PageRecords,
    /// Bytes of one record, as text.
    RecordBytes,
    /// Records of a session, skipped rows included.
    Records,
    /// Bytes of all records of a session, as text.
    StoredBytes,
    /// Bytes of log lines and of standard output and error.
    LogBytes,
    /// Core instances of one component. Fixed.
    Instances,
    /// Memories of one component. Fixed.
    Memories,
    /// Tables of one component. Fixed.
    Tables,
    /// Handles and host resources of one instance. Fixed.
    Handles,
    /// Bytes passed between host and connector in one call. Fixed.
    HostCallBytes,
    /// Random bytes asked for at once. Fixed.
    RandomBytes,
    /// Bytes of header fields that the connector makes. Fixed.
    Headers,
}

impl Resource {
    /// Those that can be set; the others are fixed.
    pub const SETTABLE: [Resource; 17] = [
        Resource::Memory,
        Resource::Cpu,
        Resource::Call,
        Resource::Requests,
        Resource::ConcurrentRequests,
        Resource::RequestsPerSecond,
        Resource::RequestsPerMinute,
        Resource::RequestsPerHour,
        Resource::RequestBytes,
        Resource::ResponseBytes,
        Resource::ReceivedBytes,
        Resource::DecodedBytes,
        Resource::PageRecords,
        Resource::RecordBytes,
        Resource::Records,
        Resource::StoredBytes,
        Resource::LogBytes,
    ];

    /// The word in settings: `request-bytes`.
    pub fn name(self) -> &'static str {
        self.facts().0
    }

    /// In what it is counted.
    pub fn unit(self) -> Unit {
        self.facts().2
    }

    fn facts(self) -> (&'static str, &'static str, Unit) {
        use Unit::{Bytes, Count, Millis};
        match self {
            Resource::Memory => ("memory", "memory", Bytes),
            Resource::Cpu => ("cpu", "processor time", Millis),
            Resource::Call => ("call", "time for one call", Millis),
            Resource::Requests => ("requests", "requests", Count),
            Resource::ConcurrentRequests => ("concurrent-requests", "requests at once", Count),
            Resource::RequestsPerSecond => ("requests-per-second", "requests a second", Count),
            Resource::RequestsPerMinute => ("requests-per-minute", "requests a minute", Count),
            Resource::RequestsPerHour => ("requests-per-hour", "requests an hour", Count),
            Resource::RequestBytes => ("request-bytes", "bytes in request bodies", Bytes),
            Resource::ResponseBytes => ("response-bytes", "bytes in one response body", Bytes),
            Resource::ReceivedBytes => ("received-bytes", "bytes received", Bytes),
            Resource::DecodedBytes => ("decoded-bytes", "bytes received, once decoded", Bytes),
            Resource::PageRecords => ("page-records", "records in one page", Count),
            Resource::RecordBytes => ("record-bytes", "bytes in one record", Bytes),
            Resource::Records => ("records", "records", Count),
            Resource::StoredBytes => ("stored-bytes", "bytes in records", Bytes),
            Resource::LogBytes => ("log-bytes", "log", Bytes),
            Resource::Instances => ("instances", "core instances", Count),
            Resource::Memories => ("memories", "memories", Count),
            Resource::Tables => ("tables", "tables", Count),
            Resource::Handles => ("handles", "resource handles", Count),
            Resource::HostCallBytes => ("host-call-bytes", "bytes passed between host and connector in one call", Bytes),
            Resource::RandomBytes => ("random-bytes", "random bytes at once", Bytes),
            Resource::Headers => ("headers", "bytes in header fields", Bytes),
        }
    }
}

impl fmt::Display for Resource {
    /// In words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.facts().1)
    }
}

impl FromStr for Resource {
    type Err = LimitError;

    /// By name; only those that can be set.
    fn from_str(name: &str) -> Result<Self, LimitError> {
        let found = Resource::SETTABLE.into_iter().find(|resource| resource.name() == name);
        found.ok_or_else(|| LimitError::Unknown(name.to_owned()))
    }
}

/// How much of a budget a session used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metered {
    /// What was used, in the resource's unit.
    pub used: u64,
    /// What was allowed.
    pub limit: u64,
}
