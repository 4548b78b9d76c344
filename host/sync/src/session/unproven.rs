//! What a session keeps though it was not listed, since nothing proves that it is gone: it says so, kind by kind.

use std::collections::BTreeSet;

use headcount_model::manifest::Feed;
use headcount_model::{Access, Kind, Manifest, Scope, printable};

use super::{Reading, SyncError, lock};
use crate::verdict::Verdicts;

/// How many lists of grants are named.
const NAMED: usize = 3;

impl Reading<'_> {
    /// Notes down of which kinds, and of which lists of grants, something is kept that was not listed, and why it proves nothing.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn tell_unproven(&self, scope: &Scope) -> Result<(), SyncError> {
        if self.connection.baseline.is_none() {
            return Ok(());
        }
        let verdicts = lock(&self.verdicts).clone();
        let proven = verdicts.proven(self.manifest, scope);
        let unproven: BTreeSet<Kind> = Kind::ALL.into_iter().filter(|kind| !proven.contains(kind)).collect();
        // Grants are many: where all their lists are whole, nobody looks for some that no list would prove.
        let doubtful = verdicts.whole_grants(self.manifest, scope).is_none();
        let absent = self.store.absent(&self.connection.tenant, self.session, &unproven, doubtful).await?;
        let grants = verdicts.proven_grants(self.manifest, scope);
        let lists: Vec<String> = absent
            .grants
            .iter()
            .filter(|list| !grants.contains(list))
            .map(|list| match &list.parent {
                Some(parent) => format!("{} of {}", list.feed, printable(parent)),
                None => list.feed.clone(),
            })
            .collect();
        if let Some(named) = lists.chunks(NAMED).next() {
            let more = match lists.len() - named.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let why = why(Kind::Grant, self.manifest, scope, &verdicts);
            self.insist(format!("grants that were not listed are kept, since {why}: those in {}{more}", named.join(", ")));
        }
        for kind in absent.kinds.iter().rev() {
            let why = why(*kind, self.manifest, scope, &verdicts);
            self.insist(format!("{kind}s that were not listed are kept, since {why}"));
        }
        Ok(())
    }
}

/// Why what is absent of a kind may be there all the same.
fn why(kind: Kind, manifest: &Manifest, scope: &Scope, verdicts: &Verdicts) -> String {
    let carrying = || manifest.feeds.iter().filter(move |feed| feed.kinds().any(|carried| carried == kind));
    if !carrying().any(|feed| feed.proves.contains(&kind) && barred(feed, manifest, scope).is_none()) {
        return "no list that can be read proves which there are".to_owned();
    }
    if let Some(reason) = carrying().find_map(|feed| reason(feed, manifest, verdicts)) {
        return format!("not all of them were read ({reason})");
    }
    match carrying().find_map(|feed| barred(feed, manifest, scope)) {
        Some(feed) => format!("{feed}, which may list them too, can't be read"),
        None => "nothing that was read proves that they are gone".to_owned(),
    }
}

/// Why a feed, or one of those that list what it is read for, was not read completely.
fn reason<'a>(feed: &Feed, manifest: &Manifest, verdicts: &'a Verdicts) -> Option<&'a str> {
    let parent = || manifest.feed(feed.parent.as_deref()?);
    verdicts.reason(&feed.name).or_else(|| reason(parent()?, manifest, verdicts))
}

/// The feed that the credential may not read: this one, or one of those that list what it is read for.
fn barred<'a>(feed: &'a Feed, manifest: &'a Manifest, scope: &Scope) -> Option<&'a str> {
    match scope.access(&feed.name) {
        Some(Access::Forbidden | Access::NotOffered) => Some(&feed.name),
        _ => barred(manifest.feed(feed.parent.as_deref()?)?, manifest, scope),
    }
}
