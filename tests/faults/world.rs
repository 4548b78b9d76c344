//! One vendor's small world: its server, a host, and a new tenant with a connection for every fault.

use std::collections::BTreeSet;
use std::time::Duration;

use headcount::store::{Filter, HealthState};
use headcount::{ConnectionId, Draft, Headcount, Kind, Report, Secret, SyncOptions, Tenant};
use headcount_tests::{compiler, component, egress, placement};
use headcount_vendors::{Company, Options, Servers, Vendor};
use tempfile::TempDir;

/// How long a vendor that answers nothing is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// A server of each vendor, of which one is used, and a host.
pub struct World {
    pub vendor: Vendor,
    pub servers: Servers,
    host: Headcount,
    tenants: u32,
    _data: TempDir,
}

/// A tenant's connection.
pub struct Seat {
    pub tenant: Tenant,
    pub id: ConnectionId,
}

/// What is present: kinds and keys.
pub type Keys = BTreeSet<(Kind, String)>;

impl World {
    /// People enough for lists of several pages, and pages small enough for few people.
    pub async fn new(vendor: Vendor) -> Self {
        let people = if vendor == Vendor::JumpCloud { 100 } else { 40 };
        let servers = Servers::start(Company::new(7, people), Options::default()).await.unwrap();
        let sizes: &[(&str, u64)] = match vendor {
            Vendor::JetBrains => &[("", 20)],
            Vendor::Tines => &[("", 10), ("/api/v1/teams", 2), ("/api/v1/admin/roles", 3)],
            Vendor::Kandji => &[("", 15), ("/api/v1/devices", 20)],
            Vendor::JumpCloud => {
                &[("", 40), ("/api/users", 1), ("/api/v2/usergroups", 2), ("/api/applications", 1), ("/api/v2/ldapservers", 1)]
            }
        };
        for (path, rows) in sizes {
            servers.faults(vendor).page_size(path, *rows);
        }
        let data = TempDir::new().unwrap();
        let mut options = egress(&servers);
        options.response_timeout = PATIENCE;
        let host = Headcount::builder(data.path()).egress(options).compiler(compiler().unwrap()).open().await.unwrap();
        host.install(component(vendor.name()).unwrap()).await.unwrap();
        World { vendor, servers, host, tenants: 0, _data: data }
    }

    /// Connects the vendor for a tenant that has nothing yet.
    pub async fn seat(&mut self) -> Seat {
        self.tenants += 1;
        let tenant = self.host.tenant(format!("acme-{}", self.tenants).parse().unwrap());
        let id: ConnectionId = self.vendor.name().parse().unwrap();
        let (_, field) = placement(self.vendor);
        let secret = Secret::new(self.servers.secret(self.vendor));
        let mut draft = Draft::new(id.clone(), self.vendor.name().parse().unwrap()).secret(field, secret);
        for (field, value) in self.servers.settings(self.vendor) {
            draft = draft.setting(field, value);
        }
        tenant.connect(draft).await.unwrap();
        Seat { tenant, id }
    }
}

impl Seat {
    /// Syncs without waiting for the vendor: what asks for a later time is not asked again.
    pub async fn sync(&self) -> Report {
        let mut options = SyncOptions::default();
        options.attempts = 2;
        options.longest_wait = Duration::ZERO;
        self.tenant.sync(&self.id, &options).await.unwrap()
    }

    /// How well the connection is, in a word.
    pub async fn health(&self) -> &'static str {
        match self.tenant.connection(&self.id).await.unwrap().health.state {
            HealthState::Ok => "ok",
            HealthState::Reconnect => "reconnect",
            HealthState::Held => "held",
            HealthState::Incomplete => "incomplete",
        }
    }

    /// Everything that is present.
    pub async fn keys(&self) -> Keys {
        let mut keys = Keys::new();
        for kind in Kind::ALL {
            let mut after = None;
            loop {
                let filter = Filter { after, ..Filter::default() };
                let rows = self.tenant.store().list(self.tenant.id(), kind, &filter).await.unwrap();
                let Some(last) = rows.last() else { break };
                after = Some((last.connection.to_string(), last.key.clone()));
                keys.extend(rows.into_iter().map(|row| (kind, row.key)));
            }
        }
        keys
    }
}
