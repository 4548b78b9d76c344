//! A second look before anything is taken away: a list that lacks what the store holds is read again, if its vendor states no total, or
//! if rows may have moved between its pages.

use std::collections::BTreeSet;

use futures::stream::{self, TryStreamExt};
use headcount_model::manifest::Feed;
use headcount_model::{Kind, Scope};
use headcount_store::{Absent, ParentPage, SessionState};

use super::{Reading, SyncError, lock};
use crate::feeds::place;
use crate::list::{self, ListId};
use crate::scope::{self, ScopeVerdict};

impl Reading<'_> {
    /// Reads once more whatever would have removals rest on one reading of a list that may lack a row.
    ///
    /// # Errors
    /// What ends any session.
    pub(super) async fn verify_absences(&self) -> Result<(), SyncError> {
        let scope = lock(&self.scope).clone();
        let Some(scope) = scope else { return Ok(()) };
        let judged = scope::judge(&scope, self.connection.baseline.as_ref()) == ScopeVerdict::Sufficient;
        if self.connection.baseline.is_none() || !judged || lock(&self.counters).pages == 0 {
            return Ok(());
        }
        let unconfirmed: Vec<(&Feed, Vec<Option<String>>)> = {
            let verdicts = lock(&self.verdicts);
            let lists = self.manifest.feeds.iter().map(|feed| (feed, verdicts.unconfirmed_lists(&feed.name)));
            lists.filter(|(_, lists)| !lists.is_empty()).collect()
        };
        if unconfirmed.is_empty() {
            return Ok(());
        }
        let absent = self.absent(&scope, &unconfirmed).await?;
        // What belongs to no feed that is read: each that carries grants may be the one that lacks it.
        let carrying = lock(&self.verdicts).whole_grants(self.manifest, &scope).unwrap_or_default();
        let lacks_others = absent.grants.iter().any(|list| !carrying.contains(&list.feed));
        for (feed, lists) in unconfirmed {
            let lacks_records = feed.kinds().any(|kind| absent.kinds.contains(&kind) || kind == Kind::Grant && lacks_others);
            let lacks = |parent: &Option<String>| {
                lacks_records || absent.grants.contains(&ParentPage { feed: feed.name.clone(), parent: parent.clone() })
            };
            let lists: Vec<Option<String>> = lists.into_iter().filter(lacks).collect();
            if lists.is_empty() {
                continue;
            }
            let why = match lock(&self.verdicts).is_stated(&feed.name) {
                true => "and rows may have moved between its pages",
                false => "and no total is stated for it",
            };
            self.note(format!("{} was read twice, because it lacked what is stored, {why}", feed.name)).await;
            self.state(SessionState::Verifying).await?;
            self.verify(feed, lists).await?;
        }
        Ok(())
    }

    /// What is absent of all that these lists could have removed.
    async fn absent(&self, scope: &Scope, unconfirmed: &[(&Feed, Vec<Option<String>>)]) -> Result<Absent, SyncError> {
        let (kinds, grants, whole) = {
            let verdicts = lock(&self.verdicts);
            let carried: BTreeSet<Kind> = unconfirmed.iter().flat_map(|(feed, _)| feed.kinds()).collect();
            let kinds: BTreeSet<Kind> = verdicts.proven(self.manifest, scope).intersection(&carried).copied().collect();
            (kinds, verdicts.proven_grants(self.manifest, scope), verdicts.whole_grants(self.manifest, scope))
        };
        let tenant = &self.connection.tenant;
        let mut absent = self.store.absent(tenant, self.session, &kinds, !grants.is_empty()).await?;
        let others = |list: &ParentPage| whole.as_ref().is_some_and(|feeds| !feeds.contains(&list.feed));
        absent.grants.retain(|list| grants.contains(list) || others(list));
        Ok(absent)
    }

    /// Reads these lists of a feed again. A parent that only the second reading has was not asked for what is read for each.
    async fn verify(&self, feed: &Feed, lists: Vec<Option<String>>) -> Result<(), SyncError> {
        let children: Vec<&Feed> =
            self.manifest.feeds.iter().filter(|child| child.parent.as_deref() == Some(&feed.name)).collect();
        let before = self.parents(feed, &children).await?;
        stream::iter(lists.iter().map(Ok::<_, SyncError>))
            .try_for_each_concurrent(self.options.parallel.max(1), |parent| {
                // Where records repeat, those of the first reading come first.
                let parent_place = if parent.is_some() { u32::MAX } else { 0 };
                list::verify(self, ListId { feed, place: place(self, feed), parent: parent.as_deref(), parent_place })
            })
            .await?;
        if self.parents(feed, &children).await? != before {
            for child in children {
                let reason = format!("{}: not read for what only the second reading of {} has", child.name, feed.name);
                lock(&self.verdicts).feed_incomplete(&child.name, reason);
            }
        }
        Ok(())
    }

    /// How many records are known that other feeds are read for.
    async fn parents(&self, feed: &Feed, children: &[&Feed]) -> Result<u64, SyncError> {
        let mut known = 0;
        for child in children {
            if let Some(kind) = self.manifest.parent_kind(child) {
                known += self.store.staged_count(&self.connection.tenant, self.session, &feed.name, None, kind).await?.distinct;
            }
        }
        Ok(known)
    }
}
