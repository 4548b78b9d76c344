//! What a server was asked.

use std::collections::VecDeque;
use std::sync::Arc;

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

/// Hears of each request before it is answered: how many there were since the log was cleared.
pub type Listener = Arc<dyn Fn(usize) + Send + Sync>;

/// The log of one server.
#[derive(Default)]
pub(crate) struct Log {
    entries: Guarded<VecDeque<LoggedRequest>>,
    listener: Guarded<Option<Listener>>,
}

impl Log {
    pub(crate) fn add(&self, request: LoggedRequest) {
        let count = {
            let mut entries = self.entries.write();
            if entries.len() >= MOST {
                entries.pop_front();
            }
            entries.push_back(request);
            entries.len()
        };
        let listener = self.listener.read().clone();
        if let Some(listener) = listener {
            listener(count);
        }
    }

    pub(crate) fn entries(&self) -> Vec<LoggedRequest> {
        self.entries.read().iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.entries.write().clear();
    }

    pub(crate) fn listen(&self, listener: Option<Listener>) {
        *self.listener.write() = listener;
    }
}
