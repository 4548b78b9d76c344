//! Filters: which records of a connection are in scope. What a new one would drop is told first, with its number.

use std::sync::Arc;

use headcount_mapping::{FilterError, Filters, Lost, Sifted};
use headcount_model::{ConnectionId, FilterRule, Kind, Records, Timestamp};
use headcount_store::{Filter, Row, StoredRecord};
use headcount_sync::aside;

use crate::{Error, Tenant};

/// Records that are judged at once.
const PORTION: u32 = 500;
/// Records that are put into words.
const DESCRIBED: usize = 20;

/// What a filter would drop of what the store holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterTrial {
    /// Records of its kind that are present.
    pub present: u64,
    /// How many of them it drops.
    pub dropped: u64,
    /// On how many it fails: they are kept.
    pub failed: u64,
    /// Why it first failed.
    pub failure: Option<String>,
    /// Ids of the first that it drops.
    pub examples: Vec<String>,
}

/// What becomes of the records in the store that a new filter drops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutOfScope {
    /// They stay as they are; syncs neither change nor remove them.
    Keep,
    /// They are marked as gone, with the grants of and to them.
    Remove,
}

impl Tenant {
    /// A connection's filters.
    ///
    /// # Errors
    /// There is no such connection.
    pub async fn filters(&self, id: &ConnectionId) -> Result<Vec<FilterRule>, Error> {
        self.connection(id).await?;
        Ok(self.inner.store.filters(&self.id, id).await?)
    }

    /// What a filter would drop of what the store holds now.
    ///
    /// # Errors
    /// There is no such connection, or the filter can't be used.
    pub async fn try_filter(&self, id: &ConnectionId, rule: &FilterRule) -> Result<FilterTrial, Error> {
        self.connection(id).await?;
        let filters = Arc::new(new_filter(rule).await?);
        self.judge(id, rule.kind, filters, None).await
    }

    /// Adds a filter, in place of one of the same name, and settles what becomes of the records in the store that it drops. It holds
    /// from the next sync on.
    ///
    /// # Errors
    /// There is no such connection, the filter can't be used, or the connection is being synced.
    pub async fn put_filter(&self, id: &ConnectionId, rule: &FilterRule, stored: OutOfScope) -> Result<FilterTrial, Error> {
        self.connection(id).await?;
        let filters = Arc::new(new_filter(rule).await?);
        let _lease = self.lease(id).await?;
        let mut rules = self.inner.store.filters(&self.id, id).await?;
        rules.retain(|other| other.name != rule.name);
        rules.push(rule.clone());
        compiled(rules.clone()).await?;
        // The filter comes first: what is taken out without it would come back with the next sync.
        self.inner.store.put_filters(&self.id, id, &rules).await?;
        let remove = (stored == OutOfScope::Remove).then(Timestamp::now);
        self.judge(id, rule.kind, filters, remove).await
    }

    /// Takes a filter away. What it dropped comes in with the next sync. False: there was none of this name.
    ///
    /// # Errors
    /// There is no such connection, or it is being synced.
    pub async fn remove_filter(&self, id: &ConnectionId, name: &str) -> Result<bool, Error> {
        self.connection(id).await?;
        let _lease = self.lease(id).await?;
        let mut rules = self.inner.store.filters(&self.id, id).await?;
        let before = rules.len();
        rules.retain(|rule| rule.name != name);
        if rules.len() < before {
            self.inner.store.put_filters(&self.id, id, &rules).await?;
        }
        Ok(rules.len() < before)
    }

    /// Holds the stored records of a kind to filters, in portions; with a time, marks what they drop as gone since then.
    async fn judge(
        &self,
        id: &ConnectionId,
        kind: Kind,
        filters: Arc<Filters>,
        remove: Option<Timestamp>,
    ) -> Result<FilterTrial, Error> {
        let mut trial = FilterTrial::default();
        let mut filter = Filter { connection: Some(id.clone()), limit: PORTION, ..Filter::default() };
        loop {
            let rows = self.inner.store.list(&self.id, kind, &filter).await?;
            let Some(last) = rows.last() else { return Ok(trial) };
            filter.after = Some((last.connection.to_string(), last.key.clone()));
            trial.present += rows.len() as u64;
            let filters = Arc::clone(&filters);
            let judged = aside(move || filters.sift(&mut records(rows))).await;
            let Sifted { dropped, failed, .. } = judged.unwrap_or(Err(Lost::Panicked)).map_err(FilterError::from)?;
            for (count, why) in failed.into_values() {
                trial.failed += count;
                trial.failure.get_or_insert(why);
            }
            trial.dropped += dropped.len() as u64;
            let ids: Vec<String> = dropped.into_keys().map(|reference| reference.id).collect();
            let room = DESCRIBED.saturating_sub(trial.examples.len());
            trial.examples.extend(ids.iter().take(room).cloned());
            if let Some(now) = remove.filter(|_| !ids.is_empty()) {
                self.inner.store.leave_out(&self.id, id, kind, &ids, now).await?;
            }
        }
    }
}

/// One that is not stored yet: nor may it read what there is not.
async fn new_filter(rule: &FilterRule) -> Result<Filters, FilterError> {
    let filters = compiled(vec![rule.clone()]).await?;
    let checked = aside(move || filters.read_known().map(|()| filters)).await;
    checked.unwrap_or(Err(FilterError::Lost(Lost::Panicked)))
}

async fn compiled(rules: Vec<FilterRule>) -> Result<Filters, FilterError> {
    aside(move || Filters::new(&rules)).await.unwrap_or(Err(FilterError::Lost(Lost::Panicked)))
}

fn records(rows: Vec<Row>) -> Records {
    let mut records = Records::default();
    for row in rows {
        match row.record {
            StoredRecord::User(user) => records.users.push(user),
            StoredRecord::Group(group) => records.groups.push(group),
            StoredRecord::Role(role) => records.roles.push(role),
            StoredRecord::Application(application) => records.applications.push(application),
            StoredRecord::License(license) => records.licenses.push(license),
            StoredRecord::Asset(asset) => records.assets.push(asset),
            StoredRecord::Grant(grant) => records.grants.push(grant),
        }
    }
    records
}
