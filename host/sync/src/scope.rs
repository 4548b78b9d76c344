//! What the credential can see: what `check` said, and what the feeds' first pages taught.

use headcount_model::{Access, Failure, FailureCode, FeedAccess, Manifest, Scope, printable};

/// The option that accepts a narrower scope: what to do about a connection that is held for one names it.
pub const ACCEPT_SCOPE: &str = "--accept-scope";

/// Facts of a scope.
const MOST_FACTS: usize = 64;
/// Values of a fact.
const MOST_VALUES: usize = 10_000;

/// What a scope means for the session.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ScopeVerdict {
    /// The first one, or equal to or wider than the baseline.
    Sufficient,
    /// Narrower: nothing counts as removed until a person accepts it.
    Narrower(String),
    /// Another organisation: nothing is applied at all until a person accepts it.
    Foreign(String),
    /// Nobody knows what it was when everything was read: nothing is removed this time.
    Unknown,
}

/// Compares a session's scope with the one under which absences were last applied.
pub(crate) fn judge(scope: &Scope, baseline: Option<&Scope>) -> ScopeVerdict {
    let Some(baseline) = baseline else { return ScopeVerdict::Sufficient };
    if scope.organization != baseline.organization {
        return ScopeVerdict::Foreign(format!(
            "the credential is of organisation {}, but this connection holds {}: make another connection for it, or enter a credential of {}",
            printable(&scope.organization),
            printable(&baseline.organization),
            printable(&baseline.organization),
        ));
    }
    if scope.contains(baseline) {
        return ScopeVerdict::Sufficient;
    }
    // A fact of a single value says how it sees, maybe not how much.
    let (mut lost, mut other): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for fact in &baseline.facts {
        let now: Vec<&String> = scope.facts.iter().filter(|f| f.name == fact.name).flat_map(|f| &f.values).collect();
        let gone: Vec<String> =
            fact.values.iter().filter(|value| !now.contains(value)).take(5).map(|value| printable(value).into_owned()).collect();
        if let ([was], [is]) = (fact.values.as_slice(), now.as_slice())
            && was != *is
        {
            other.push(format!("{} was {}, is {}", printable(&fact.name), printable(was), printable(is)));
        } else if !gone.is_empty() {
            lost.push(format!("{} {}", printable(&fact.name), gone.join(", ")));
        }
    }
    for feed in baseline.feeds.iter().filter(|feed| feed.access == Access::Readable) {
        if matches!(scope.access(&feed.feed), Some(Access::Forbidden | Access::NotOffered)) {
            lost.push(format!("the feed {}", feed.feed));
        }
    }
    let sees = if lost.is_empty() && !other.is_empty() { "may see" } else { "sees" };
    lost.extend(other);
    if lost.is_empty() {
        lost.push("what bounds it has changed".to_owned());
    }
    ScopeVerdict::Narrower(format!(
        "the credential {sees} less than before ({}): nothing is removed until a person accepts the new scope",
        lost.join("; ")
    ))
}

/// What later scopes are held against: this one, and what the baseline knew of feeds that it doesn't settle.
pub fn joined(scope: &Scope, baseline: Option<&Scope>) -> Scope {
    let mut joined = scope.clone();
    for known in baseline.into_iter().flat_map(|baseline| &baseline.feeds) {
        if joined.access(&known.feed).is_none() {
            joined.feeds.push(known.clone());
        }
    }
    joined
}

/// The baseline once something was brought in under a scope that it doesn't contain: both together, so that what only the newer one
/// sees can't vanish under the older one. None: there is no baseline, or it sees nothing that the baseline doesn't, or both are too
/// much to be kept.
pub(crate) fn widened(scope: &Scope, baseline: Option<&Scope>) -> Option<Scope> {
    let baseline = baseline?;
    let (facts, opened) = (has_more_facts(scope, baseline), opens_more(scope, baseline));
    if !facts && !opened {
        return None;
    }
    let mut wide = baseline.clone();
    for fact in scope.facts.iter().filter(|_| facts) {
        match wide.facts.iter_mut().find(|known| known.name == fact.name) {
            Some(known) => {
                let more: Vec<String> = fact.values.iter().filter(|value| !known.values.contains(value)).cloned().collect();
                known.values.extend(more);
            }
            None => wide.facts.push(fact.clone()),
        }
    }
    for feed in &scope.feeds {
        match wide.feeds.iter_mut().find(|known| known.feed == feed.feed) {
            Some(known) if feed.access == Access::Readable => *known = feed.clone(),
            Some(_) => {}
            None => wide.feeds.push(feed.clone()),
        }
    }
    (wide.facts.len() <= MOST_FACTS && wide.facts.iter().all(|fact| fact.values.len() <= MOST_VALUES)).then_some(wide)
}

/// Whether a scope may see what the baseline doesn't, by its facts. A fact of several values is a set of what is seen; beside one, a fact of a single
/// value (a kind of key, a role) only says how.
fn has_more_facts(scope: &Scope, baseline: &Scope) -> bool {
    let values = |of: &Scope, name: &str| -> Vec<String> {
        of.facts.iter().filter(|fact| fact.name == name).flat_map(|fact| fact.values.clone()).collect()
    };
    let is_set = |name: &str| values(scope, name).len() > 1 || values(baseline, name).len() > 1;
    let sets = scope.facts.iter().chain(&baseline.facts).any(|fact| is_set(&fact.name));
    let telling = scope.facts.iter().filter(|fact| !sets || is_set(&fact.name));
    let mut news = telling.filter(|fact| {
        let known = values(baseline, &fact.name);
        fact.values.iter().any(|value| !known.contains(value))
    });
    news.next().is_some()
}

/// Whether a scope reads lists that the baseline doesn't, or doesn't know of.
fn opens_more(scope: &Scope, baseline: &Scope) -> bool {
    let opened = |feed: &FeedAccess| feed.access == Access::Readable && baseline.access(&feed.feed) != Some(Access::Readable);
    scope.feeds.iter().any(opened)
}

/// Notes down the lists that were read before and that a connector has no longer: as little is seen of them as where a vendor closed them.
pub(crate) fn note_dropped(scope: &mut Scope, baseline: Option<&Scope>, manifest: &Manifest) {
    for known in baseline.into_iter().flat_map(|baseline| &baseline.feeds) {
        if known.access == Access::Readable && manifest.feed(&known.feed).is_none() && scope.access(&known.feed).is_none() {
            let note = Some("the connector reads it no longer".to_owned());
            scope.feeds.push(FeedAccess { feed: known.feed.clone(), access: Access::NotOffered, note });
        }
    }
}

/// Notes down what a feed's first page taught about the access to it. What `check` settled stays.
pub(crate) fn learn(scope: &mut Scope, feed: &str, access: Access, why: Option<&Failure>) {
    match scope.feeds.iter_mut().find(|known| known.feed == feed) {
        Some(known) if known.access == Access::Readable => {
            known.access = access;
            known.note = why.map(Failure::to_string).or(known.note.take());
        }
        Some(_) => {}
        None => scope.feeds.push(FeedAccess { feed: feed.to_owned(), access, note: why.map(Failure::to_string) }),
    }
}

/// Whether a failure of an optional feed's first page says that the feed is unreadable, rather than broken today.
pub(crate) fn unreadable(failure: &Failure) -> Option<Access> {
    match failure.code {
        FailureCode::Forbidden => Some(Access::Forbidden),
        FailureCode::Unsupported | FailureCode::NotFound => Some(Access::NotOffered),
        _ => None,
    }
}

/// What is wrong with a scope itself, as a sync would say it; none where it is good.
pub fn broken(scope: &Scope, manifest: &Manifest) -> Option<String> {
    if scope.organization.trim().is_empty() {
        return Some("its scope names no organisation".to_owned());
    }
    if scope.facts.len() > MOST_FACTS || scope.facts.iter().any(|fact| fact.values.len() > MOST_VALUES) {
        return Some("its scope has too many facts".to_owned());
    }
    let unknown = scope.feeds.iter().find(|access| manifest.feed(&access.feed).is_none())?;
    Some(format!("its scope speaks of a feed {} that the manifest does not have", printable(&unknown.feed)))
}

#[cfg(test)]
mod tests {
    use headcount_model::Fact;

    use super::*;

    fn scope(facts: &[(&str, &[&str])]) -> Scope {
        let fact = |(name, values): &(&str, &[&str])| Fact {
            name: (*name).to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        let facts = facts.iter().map(fact).collect();
        Scope { organization: "acme".to_owned(), label: "Acme".to_owned(), facts, feeds: vec![], expires_at: None }
    }

    #[test]
    fn a_baseline_is_widened_by_what_only_the_newer_scope_sees() {
        let wide = |scope: &Scope, baseline: &Scope| widened(scope, Some(baseline)).map(|wide| wide.facts);
        let (one, two) = (scope(&[("teams", &["1"])]), scope(&[("teams", &["2"])]));
        let both = wide(&two, &one).unwrap();
        assert_eq!(both[0].values, ["1", "2"]);
        assert_eq!(wide(&scope(&[("teams", &["1", "2"])]), &one).unwrap()[0].values, ["1", "2"]);
        assert_eq!(widened(&one, None), None);
        // A team's key is of another kind than its organisation's, and sees no more than that.
        let organization = scope(&[("kind", &["organization"]), ("teams", &["1", "2"])]);
        assert_eq!(wide(&scope(&[("kind", &["team"]), ("teams", &["2"])]), &organization), None);
        assert!(wide(&scope(&[("kind", &["team"]), ("teams", &["3"])]), &organization).is_some());
    }

    #[test]
    fn a_narrower_scope_says_what_it_lost_and_one_that_is_only_another_that_it_may_have() {
        let told = |scope: &Scope, baseline: &Scope| match judge(scope, Some(baseline)) {
            ScopeVerdict::Narrower(reason) => reason,
            verdict => panic!("{verdict:?}"),
        };
        let team = scope(&[("kind", &["team"]), ("teams", &["2"])]);
        let organization = scope(&[("kind", &["organization"]), ("teams", &["1", "2"])]);
        let wider = told(&organization, &team);
        assert!(wider.starts_with("the credential may see less than before (kind was team, is organization): "), "{wider}");
        let narrower = told(&team, &organization);
        let less = "the credential sees less than before (teams 1; kind was organization, is team): ";
        assert!(narrower.starts_with(less), "{narrower}");
        let without = told(&scope(&[("teams", &["1", "2"])]), &organization);
        assert!(without.starts_with("the credential sees less than before (kind organization): "), "{without}");
    }

    #[test]
    fn what_the_baseline_knows_of_lists_that_a_scope_does_not_settle_stays_known() {
        let with = |feeds: &[(&str, Access)]| {
            let access = |(feed, access): &(&str, Access)| FeedAccess { feed: (*feed).to_owned(), access: *access, note: None };
            Scope { feeds: feeds.iter().map(access).collect(), ..scope(&[]) }
        };
        let known = with(&[("ldap", Access::Readable), ("roles", Access::Readable)]);
        let joined = joined(&with(&[("roles", Access::Forbidden)]), Some(&known));
        assert_eq!((joined.access("ldap"), joined.access("roles")), (Some(Access::Readable), Some(Access::Forbidden)));
    }

    #[test]
    fn a_list_that_is_new_widens_the_baseline_and_changes_none_of_its_facts() {
        let known = scope(&[("kind", &["organization"]), ("teams", &["1", "2"])]);
        let mut newer = scope(&[("kind", &["team"]), ("teams", &["2"])]);
        newer.feeds.push(FeedAccess { feed: "devices".to_owned(), access: Access::Readable, note: None });
        let wide = widened(&newer, Some(&known)).unwrap();
        assert_eq!((wide.access("devices"), &wide.facts), (Some(Access::Readable), &known.facts));
    }

    #[test]
    fn a_list_that_opened_widens_the_baseline() {
        let with = |access| Scope { feeds: vec![FeedAccess { feed: "ldap".to_owned(), access, note: None }], ..scope(&[]) };
        let wide = widened(&with(Access::Readable), Some(&with(Access::Forbidden))).unwrap();
        assert_eq!(wide.access("ldap"), Some(Access::Readable));
        assert_eq!(widened(&with(Access::Forbidden), Some(&with(Access::Readable))), None);
    }
}
