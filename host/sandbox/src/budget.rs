//! What one session may use: one type, set by the operator and narrowed by tenants and for connections.

mod meter;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use headcount_model::manifest::Rate;
use headcount_model::{ConnectionId, Limits, TenantId};

pub use headcount_model::Resource;
pub use meter::{Meter, Usage};

/// Requests a second of one connection where neither its manifest nor anybody else says how many. Handshakes and the reading of headers
/// are the host's work, outside of the connector's time on a processor: this bounds them. A budget of more takes its place.
const UNSAID_PER_SECOND: u32 = 50;

/// What one session may use. Sums are of the whole session, over all its instances and calls.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Budget {
    /// Bytes of linear memory, summed over all memories of all live instances.
    pub memory: u64,
    /// Time on a processor inside the connector, for the whole session.
    pub cpu: Duration,
    /// Wall clock of one call, waiting included.
    pub call: Duration,
    /// Requests, repeats included.
    pub requests: u64,
    /// Requests under way at once.
    pub concurrent_requests: u32,
    /// Requests a second; none: as many as the manifest allows, or 50 where neither says anything of any rate.
    pub requests_per_second: Option<u64>,
    /// Requests a minute; none: as many as the manifest allows.
    pub requests_per_minute: Option<u64>,
    /// Requests an hour; none: as many as the manifest allows.
    pub requests_per_hour: Option<u64>,
    /// Bytes of request bodies.
    pub request_bytes: u64,
    /// Bytes of one response body, decoded.
    pub response_bytes: u64,
    /// Bytes of all response bodies on the wire.
    pub received_bytes: u64,
    /// Bytes of all response bodies, decoded.
    pub decoded_bytes: u64,
    /// Records of one page, skipped rows included.
    pub page_records: u64,
    /// Bytes of one record, as text.
    pub record_bytes: u64,
    /// Records of the whole session, skipped rows included.
    pub records: u64,
    /// Bytes of all records of the session, as text, with the ids of skipped rows and the cursors.
    pub stored_bytes: u64,
    /// Bytes of log lines and of standard output and error.
    pub log_bytes: u64,
    /// Who narrowed what; the rest is the operator's.
    pub(crate) narrowed: BTreeMap<Resource, Level>,
}

impl Default for Budget {
    /// For a vendor with up to a million users: 256 MiB, an hour of processor time, 5 minutes a call, a million requests, 16 at once,
    /// 32 MiB a response, 64 GiB a session and 256 GiB decoded, 10,000 records a page of at most 256 KiB each, 50 million records,
    /// 8 GiB of them, 1 MiB of log.
    fn default() -> Self {
        Budget {
            memory: 256 << 20,
            cpu: Duration::from_secs(3_600),
            call: Duration::from_secs(300),
            requests: 1_000_000,
            concurrent_requests: 16,
            requests_per_second: None,
            requests_per_minute: None,
            requests_per_hour: None,
            request_bytes: 256 << 20,
            response_bytes: 32 << 20,
            received_bytes: 64 << 30,
            decoded_bytes: 256 << 30,
            page_records: 10_000,
            record_bytes: 256 << 10,
            records: 50_000_000,
            stored_bytes: 8 << 30,
            log_bytes: 1 << 20,
            narrowed: BTreeMap::new(),
        }
    }
}

impl Budget {
    /// The limit of a resource, in its unit; none where nothing limits it, or its limit is fixed.
    pub fn get(&self, resource: Resource) -> Option<u64> {
        Some(match resource {
            Resource::Memory => self.memory,
            Resource::Cpu => millis(self.cpu),
            Resource::Call => millis(self.call),
            Resource::Requests => self.requests,
            Resource::ConcurrentRequests => self.concurrent_requests.into(),
            Resource::RequestsPerSecond => return self.requests_per_second,
            Resource::RequestsPerMinute => return self.requests_per_minute,
            Resource::RequestsPerHour => return self.requests_per_hour,
            Resource::RequestBytes => self.request_bytes,
            Resource::ResponseBytes => self.response_bytes,
            Resource::ReceivedBytes => self.received_bytes,
            Resource::DecodedBytes => self.decoded_bytes,
            Resource::PageRecords => self.page_records,
            Resource::RecordBytes => self.record_bytes,
            Resource::Records => self.records,
            Resource::StoredBytes => self.stored_bytes,
            Resource::LogBytes => self.log_bytes,
            _ => return None,
        })
    }

    /// Sets what the operator names, wider than before or narrower.
    pub fn set(&mut self, limits: &Limits) {
        for (resource, amount) in limits.iter() {
            self.put(resource, amount);
            self.narrowed.remove(&resource);
        }
    }

    /// Takes those limits that are narrower than what holds so far; wider ones change nothing.
    pub fn narrow(&mut self, limits: &Limits, level: &Level) {
        for (resource, amount) in limits.iter() {
            if self.get(resource).is_none_or(|held| amount < held) {
                self.put(resource, amount);
                self.narrowed.insert(resource, level.clone());
            }
        }
    }

    fn put(&mut self, resource: Resource, amount: u64) {
        match resource {
            Resource::Memory => self.memory = amount,
            Resource::Cpu => self.cpu = Duration::from_millis(amount),
            Resource::Call => self.call = Duration::from_millis(amount),
            Resource::Requests => self.requests = amount,
            Resource::ConcurrentRequests => self.concurrent_requests = small(amount),
            Resource::RequestsPerSecond => self.requests_per_second = Some(amount),
            Resource::RequestsPerMinute => self.requests_per_minute = Some(amount),
            Resource::RequestsPerHour => self.requests_per_hour = Some(amount),
            Resource::RequestBytes => self.request_bytes = amount,
            Resource::ResponseBytes => self.response_bytes = amount,
            Resource::ReceivedBytes => self.received_bytes = amount,
            Resource::DecodedBytes => self.decoded_bytes = amount,
            Resource::PageRecords => self.page_records = amount,
            Resource::RecordBytes => self.record_bytes = amount,
            Resource::Records => self.records = amount,
            Resource::StoredBytes => self.stored_bytes = amount,
            Resource::LogBytes => self.log_bytes = amount,
            // Limits hold none of those that are fixed.
            _ => {}
        }
    }

    /// Who set the limit of a resource.
    pub fn level(&self, resource: Resource) -> Level {
        if !Resource::SETTABLE.contains(&resource) {
            return Level::Fixed;
        }
        self.narrowed.get(&resource).cloned().unwrap_or(Level::Operator)
    }

    /// That more than the limit of a resource was used.
    pub fn excess(&self, resource: Resource) -> Excess {
        Excess { resource, limit: self.get(resource).unwrap_or(0), level: self.level(resource) }
    }

    /// The narrower of a manifest's rate and this budget's, field by field; a default where neither has any.
    pub(crate) fn rate(&self, manifest: &Rate) -> Rate {
        let narrower = |asked: Option<u32>, limit: Option<u64>| {
            let asked = asked.filter(|amount| *amount > 0);
            asked.into_iter().chain(limit.map(small)).min()
        };
        let mut rate = Rate {
            per_second: narrower(manifest.per_second, self.requests_per_second),
            per_minute: narrower(manifest.per_minute, self.requests_per_minute),
            per_hour: narrower(manifest.per_hour, self.requests_per_hour),
            concurrent: narrower(manifest.concurrent, Some(self.concurrent_requests.max(1).into())),
        };
        if [rate.per_second, rate.per_minute, rate.per_hour].iter().all(Option::is_none) {
            rate.per_second = Some(UNSAID_PER_SECOND);
        }
        rate
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn small(amount: u64) -> u32 {
    u32::try_from(amount).unwrap_or(u32::MAX)
}

/// Who set a limit, and so who can raise it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    /// The operator, for everybody.
    Operator,
    /// A tenant, for all its connections.
    Tenant(TenantId),
    /// A tenant, for one of its connections.
    Connection(ConnectionId),
    /// Nobody: it holds for every connector everywhere.
    Fixed,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Level::Operator => f.write_str("the operator"),
            Level::Tenant(tenant) => write!(f, "tenant {tenant}"),
            Level::Connection(connection) => write!(f, "connection {connection}"),
            Level::Fixed => f.write_str("Headcount itself"),
        }
    }
}

/// A budget was exceeded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the connector used more than its budget of {resource}: {}, set by {level}; {}",
    .resource.unit().show(*.limit),
    how_to_raise(*.resource, .level)
)]
pub struct Excess {
    /// Of what.
    pub resource: Resource,
    /// How much is allowed, in the resource's unit.
    pub limit: u64,
    /// Who set that.
    pub level: Level,
}

impl Excess {
    /// What to do about it.
    pub fn what_next(&self) -> String {
        how_to_raise(self.resource, &self.level)
    }
}

fn how_to_raise(resource: Resource, level: &Level) -> String {
    let name = resource.name();
    match level {
        Level::Operator => format!("the operator can raise it: `{name}` in the table [budget] of the configuration file"),
        Level::Tenant(tenant) => format!("raise it with `headcount budget set {name}=AMOUNT --tenant {tenant}`"),
        Level::Connection(connection) => {
            format!("raise it with `headcount budget set {name}=AMOUNT --connection {connection}`")
        }
        Level::Fixed => "nobody can raise it: the connector's author must ask for less at once".to_owned(),
    }
}

#[cfg(test)]
mod tests;
