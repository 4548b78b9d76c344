//! Which of the records that were read are in scope. Filters judge a record as it is merged of all that was read of it: one page may say
//! what another doesn't.

use std::collections::BTreeMap;
use std::sync::Arc;

use headcount_model::manifest::Feed;
use headcount_model::{Kind, Records, Reference};

use super::{Reading, SyncError, lock};
use crate::aside::aside;
use crate::{filters, list};

/// What judging the records of a kind found.
#[derive(Default)]
pub(crate) struct Judged {
    /// On how many records each filter failed, and why it first did.
    failed: BTreeMap<String, (u64, String)>,
    /// Records that were dropped by what was known of them before.
    pub(crate) back: Vec<Reference>,
}

impl Reading<'_> {
    /// Judges the records of a kind by all that was read of them so far.
    pub(crate) async fn judge(&self, kind: Kind) -> Result<Judged, SyncError> {
        let mut judged = Judged::default();
        if !self.filters.judge_any(kind) {
            return Ok(judged);
        }
        let (tenant, session) = (&self.connection.tenant, self.session);
        let mut after: Option<String> = None;
        loop {
            let records = self.store.staged_records(tenant, session, kind, after.as_deref()).await?;
            let Some(last) = ids(&records).pop() else { return Ok(judged) };
            let filters = Arc::clone(&self.filters);
            let sifting = self.call(aside(move || {
                let mut records = records;
                let sifted = filters.sift(&mut records);
                (records, sifted)
            }));
            let (records, sifted) = sifting.await?.map_err(|panicked| SyncError::Host(panicked.to_string()))?;
            let sifted = sifted.unwrap_or_else(|lost| {
                self.insist(filters::unused(&lost.to_string()));
                Default::default()
            });
            let dropped = sifted.dropped.into_iter().map(|(reference, filter)| (reference.id, filter)).collect();
            let back = self.store.put_dropped(tenant, session, kind, &dropped, &ids(&records)).await?;
            judged.back.extend(back.into_iter().map(|id| Reference::new(kind, id)));
            for (filter, (count, why)) in sifted.failed {
                judged.failed.entry(filter).or_insert((0, why)).0 += count;
            }
            after = Some(last);
        }
    }

    /// Judges what is stored of a kind and was not read: what is out of scope is not missing.
    async fn judge_absent(&self, kind: Kind) -> Result<(), SyncError> {
        let (tenant, session) = (&self.connection.tenant, self.session);
        let mut after: Option<String> = None;
        while self.filters.judge_any(kind) {
            let records = self.store.absent_records(tenant, session, kind, after.as_deref()).await?;
            let Some(last) = ids(&records).pop() else { break };
            let filters = Arc::clone(&self.filters);
            let sifting = self.call(aside(move || {
                let mut records = records;
                filters.sift(&mut records)
            }));
            // One that can't be judged is as missing as it was.
            let sifted = sifting.await?.map_err(|panicked| SyncError::Host(panicked.to_string()))?.unwrap_or_default();
            let dropped = sifted.dropped.into_iter().map(|(reference, filter)| (reference.id, filter)).collect();
            self.store.put_dropped(tenant, session, kind, &dropped, &[]).await?;
            after = Some(last);
        }
        Ok(())
    }

    /// Judges everything that was read, counts what each filter dropped, and says so.
    pub(super) async fn settle_scope(&self) -> Result<(), SyncError> {
        if self.filters.is_empty() {
            return Ok(());
        }
        let mut unjudged: BTreeMap<String, u64> = BTreeMap::new();
        for kind in Kind::ALL {
            let judged = self.judge(kind).await?;
            for (filter, (count, why)) in judged.failed {
                self.note(filters::failed(&filter, &why)).await;
                *unjudged.entry(filter).or_default() += count;
            }
            // Lists that came later have brought it into scope: what is read for each was not read for it.
            for child in self.manifest.feeds.iter().filter(|feed| self.manifest.parent_kind(feed) == Some(kind)) {
                if let Some(back) = judged.back.first() {
                    lock(&self.verdicts).feed_incomplete(&child.name, not_read_for(child, back));
                }
            }
        }
        for kind in Kind::ALL {
            self.judge_absent(kind).await?;
        }
        let dropped = self.store.dropped(&self.connection.tenant, self.session).await?;
        for (filter, count) in &dropped {
            self.insist(format!(
                "the filter {filter} dropped {count} records: they are out of scope, and nothing of them is changed"
            ));
        }
        let mut counters = lock(&self.counters);
        (counters.dropped, counters.unjudged) = (dropped, unjudged);
        Ok(())
    }
}

/// Why a list that is read for each of a kind is not complete: it was not read for this one.
pub(crate) fn not_read_for(feed: &Feed, back: &Reference) -> String {
    format!("{}: not read for {back}, which other lists brought into scope", feed.name)
}

/// The ids of records of one kind.
fn ids(records: &Records) -> Vec<String> {
    let mut ids = Vec::with_capacity(records.len());
    list::for_each_id(records, |_, id| ids.push(id.to_owned()));
    ids
}
