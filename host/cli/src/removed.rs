//! Connections that were removed while their records were kept: what these tell was true then, and nobody knows of now.

use std::collections::BTreeMap;

use headcount::store::LifeState;
use headcount::{Tenant, Timestamp};
use serde_json::{Map, Value, json};

use crate::words::time;

/// When each of them was removed.
pub struct Removed(BTreeMap<String, Timestamp>);

impl Removed {
    /// Those of a tenant.
    ///
    /// # Errors
    /// The store failed.
    pub async fn of(tenant: &Tenant) -> Result<Self, headcount::Error> {
        let connections = tenant.connections().await?.into_iter();
        let removed = connections.filter(|connection| connection.life.state == LifeState::Removed);
        Ok(Removed(removed.map(|connection| (connection.id.to_string(), connection.life.at)).collect()))
    }

    /// Whether a connection is one.
    pub fn has(&self, connection: &str) -> bool {
        self.0.contains_key(connection)
    }

    /// ` (removed, as of 2026-11-01T08:00:00Z)` after what is of a connection that was removed; else nothing.
    pub fn mark(&self, connection: &str) -> String {
        self.0.get(connection).map(|at| format!(" (removed, as of {})", time(*at))).unwrap_or_default()
    }

    /// Says it of an object that names its connection: beside the name in a table, in a field of its own for programs.
    pub fn tell(&self, object: &mut Map<String, Value>, table: bool) {
        let Some(connection) = object.get("connection").and_then(Value::as_str).map(str::to_owned) else { return };
        self.tell_of(&connection, object);
        if table && self.has(&connection) {
            object.insert("connection".to_owned(), json!(format!("{connection}{}", self.mark(&connection))));
        }
    }

    /// Says it of an object of a connection, in a field of its own.
    pub fn tell_of(&self, connection: &str, object: &mut Map<String, Value>) {
        if let Some(at) = self.0.get(connection) {
            object.insert("connection-removed-at".to_owned(), json!(time(*at)));
        }
    }
}
