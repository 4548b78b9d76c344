//! What a server was asked.

use std::collections::VecDeque;

use crate::guarded::Guarded;

/// The most requests that are remembered; older ones are forgotten first.
const MOST: usize = 200_000;

/// One request and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRequest {
    /// The method.
    pub method: String,
    /// The host that the client named.
    pub host: String,
    /// The path, still encoded.
    pub path: String,
    /// The query without its question mark, still encoded; "" for none.
    pub query: String,
    /// Whether the request carried a credential of any kind.
    pub with_credential: bool,
    /// The status of the answer; 0 when none was sent.
    pub status: u16,
}

/// The log of one server.
#[derive(Debug, Default)]
pub(crate) struct Log(Guarded<VecDeque<LoggedRequest>>);

impl Log {
    pub(crate) fn add(&self, request: LoggedRequest) {
        let mut entries = self.0.write();
        if entries.len() >= MOST {
            entries.pop_front();
        }
        entries.push_back(request);
    }

    pub(crate) fn entries(&self) -> Vec<LoggedRequest> {
        self.0.read().iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.0.write().clear();
    }
}
