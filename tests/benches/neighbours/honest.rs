//! An honest tenant: it syncs a list of people with the connector that teaches, and looks at every record.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use headcount::sandbox::vault::Credentials;
use headcount::sandbox::{Connector, OpenOptions, Package, pack};
use headcount::store::{Filter, StoredRecord};
use headcount::sync::{Job, sync};
use headcount::{Budget, Draft, Headcount, InstalledConnector, Kind, Secret, SessionState, SyncOptions};
use headcount_tests::people::PAGE;

/// Tenants of one vendor, under the default budget, but for the rate: the world's own is for attacks.
#[derive(Clone)]
pub struct Honest {
    host: Headcount,
    connector: Arc<Connector>,
    installed: InstalledConnector,
    people: usize,
}

impl Honest {
    /// Of the vendor with this name and so many pages of people.
    ///
    /// # Errors
    /// The connector was not built.
    pub async fn new(host: &Headcount, vendor: &str, pages: usize) -> Result<Self> {
        let shipped = headcount_tests::component("hello")?;
        let mut manifest = Package::read(shipped.clone())?.manifest.as_ref().clone();
        manifest.id = vendor.parse()?;
        manifest.base_url = format!("https://{vendor}.hello.example/api").parse()?;
        let packed = pack(&shipped, &manifest)?;
        let installed = host.install(packed.clone()).await?;
        let connector = host.runtime().load(&Package::read(packed)?).await?;
        Ok(Honest { host: host.clone(), connector, installed, people: pages * PAGE })
    }

    /// Connects a tenant, syncs it, and compares what is stored with what the vendor served. The time of the sync.
    ///
    /// # Errors
    /// A record is missing or wrong.
    pub async fn sync(&self, tenant: &str) -> Result<Duration> {
        let tenant = self.host.tenant(tenant.parse()?);
        let secret = || Secret::new("honest-0123456789abcdef".to_owned());
        let draft = Draft::new("people".parse()?, self.installed.id.clone()).secret("api-key", secret());
        let connection = tenant.connect(draft).await?;
        let mut budget = Budget::default();
        // It waits for its neighbours, not for its own rate.
        budget.requests_per_second = Some(1_000_000);
        let start = Instant::now();
        let credentials: Credentials = [("api-key".to_owned(), secret())].into_iter().collect();
        let run = self.host.runtime().open(
            &self.connector,
            OpenOptions {
                tenant: tenant.id().clone(),
                connection: connection.id.clone(),
                settings: connection.settings.clone(),
                credentials,
                budget: budget.clone(),
            },
        )?;
        let job = Job {
            store: tenant.store(),
            source: &run,
            connection: &connection,
            manifest: &self.installed.manifest,
            digest: self.installed.digest,
            credential: None,
            budget: &budget,
        };
        let report = sync(&job, &SyncOptions::default()).await?;
        let took = start.elapsed();
        ensure!(report.state == SessionState::Complete, "{:?}: {:?} {:?}", report.state, report.failure, report.notes);
        let filter = Filter { limit: u32::MAX, ..Filter::default() };
        let mut right = vec![false; self.people];
        for row in tenant.store().list(tenant.id(), Kind::User, &filter).await? {
            let StoredRecord::User(user) = row.record else { bail!("a row that is no user") };
            let number: usize = user.id.parse()?;
            let Some(right) = right.get_mut(number) else { bail!("nobody has the id {number}") };
            *right = user.email.as_deref() == Some(&format!("user{number}@corporation.example"))
                && user.display_name.as_deref() == Some(&format!("Given{number} Family{number}"));
        }
        let wrong = right.iter().filter(|right| !**right).count();
        ensure!(wrong == 0, "{wrong} of {} users are missing or wrong", self.people);
        Ok(took)
    }
}
