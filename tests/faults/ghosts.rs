//! Ghosts: records that the store holds and the vendor does not, one for everything that a feed may prove. Whichever a sync lets
//! stand, it did not hold for proven.

use std::collections::{BTreeMap, BTreeSet};

use headcount::model::{Access, Application, Asset, Grant, Group, License, Records, Role, User};
use headcount::store::{Apply, Counters, Filter, NewSession, SessionEnd, StagedPage, StoredRecord};
use headcount::{Digest, Kind, SessionState, Timestamp};

use crate::boundaries::Boundary;
use crate::world::{Keys, Seat};

/// The id of every ghost; of grants, how the role begins.
const GHOST: &str = "ghost";

/// Brings the ghosts in, as a session of an earlier night would have. Of feeds that are read for each parent, every parent gets
/// one.
pub async fn plant(seat: &Seat, at: &Boundary) {
    let (connection, manifest) = seat.tenant.connection_and_manifest(&seat.id).await.unwrap();
    let (store, tenant, now) = (seat.tenant.store(), seat.tenant.id(), Timestamp::now());
    let digest = Digest::from_bytes([7; 32]);
    let new = NewSession { tenant: tenant.clone(), connection: seat.id.clone(), digest, credential: None, started_at: now };
    let held = grants(seat).await;
    let protocols = protocols(seat).await;
    let session = store.begin_session(&new).await.unwrap();
    let scope = connection.baseline.as_ref().unwrap();
    let mut known: BTreeSet<Kind> = BTreeSet::new();
    for (place, feed) in (0..).zip(&manifest.feeds) {
        if scope.access(&feed.name) == Some(Access::NotOffered) {
            continue;
        }
        let mut pages: BTreeMap<Option<String>, Records> = BTreeMap::new();
        for kind in feed.proves.iter().copied() {
            if kind != Kind::Grant {
                if known.insert(kind) {
                    ghost(kind, pages.entry(None).or_default());
                }
                continue;
            }
            for grant in held.iter().filter(|grant| belongs(grant, connection.connector.as_str(), &feed.name, &protocols)) {
                let parent = feed.parent.is_some().then(|| grant.target.id.clone());
                let others = if parent == at.parent || at.list != feed.name { "" } else { "other " };
                let role = Some(format!("{GHOST} grants of {others}{}", feed.name));
                let records = pages.entry(parent).or_default();
                if records.grants.is_empty() {
                    records.grants.push(Grant { role, ..grant.clone() });
                }
            }
        }
        for (parent, records) in pages {
            let page = StagedPage {
                feed: feed.name.clone(),
                parent,
                number: 0,
                order: (place, 0, 0),
                cursor: None,
                records,
                repeats: BTreeSet::new(),
                carries: Default::default(),
                seen: Vec::new(),
                asked_at: None,
            };
            store.stage_page(tenant, session, &page, &Counters::default()).await.unwrap();
        }
    }
    store.apply(tenant, session, &Apply { now: Some(now), ..Apply::default() }).await.unwrap();
    let end = SessionEnd {
        state: SessionState::Complete,
        ended_at: now,
        counters: Counters::default(),
        scope: None,
        failure: None,
        notes: Vec::new(),
        health: None,
    };
    store.end_session(tenant, session, &end).await.unwrap();
}

/// What the ghosts among these stand for: kinds, and lists of grants.
pub fn among(keys: &Keys) -> BTreeSet<String> {
    let role = |key: &str| {
        let parts: Vec<Option<String>> = serde_json::from_str(key).ok()?;
        parts.into_iter().flatten().find_map(|part| Some(part.strip_prefix(GHOST)?.trim().to_owned()))
    };
    let of = |(kind, key): &(Kind, String)| match kind {
        Kind::Grant => role(key),
        kind => (key == GHOST).then(|| kind.to_string()),
    };
    keys.iter().filter_map(of).collect()
}

/// These without ghosts.
pub fn without(keys: Keys) -> Keys {
    keys.into_iter().filter(|key| among(&Keys::from([key.clone()])).is_empty()).collect()
}

/// Whether a grant is of a feed's lists.
fn belongs(grant: &Grant, connector: &str, feed: &str, protocols: &BTreeMap<String, String>) -> bool {
    let to = grant.target.kind;
    let protocol = protocols.get(&grant.target.id).map(String::as_str);
    match (connector, feed) {
        ("jetbrains", _) => to == Kind::License,
        // Everybody's teams may come by another feed.
        ("tines", "users") | (_, "admins") => to == Kind::Role,
        ("kandji", "devices") => to == Kind::Asset,
        (_, "members" | "users") => to == Kind::Group,
        (_, "ldap-access") => protocol == Some("ldap"),
        (_, "radius-access") => protocol == Some("radius"),
        _ => to == Kind::Application && !matches!(protocol, Some("ldap" | "radius")),
    }
}

fn ghost(kind: Kind, records: &mut Records) {
    let (id, name) = (GHOST.to_owned(), GHOST.to_owned());
    match kind {
        Kind::User => records.users.push(User { id, ..User::default() }),
        Kind::Group => records.groups.push(Group { id, name, ..Group::default() }),
        Kind::Role => records.roles.push(Role { id, name, ..Role::default() }),
        Kind::Application => records.applications.push(Application { id, name, ..Application::default() }),
        Kind::License => records.licenses.push(License { id, product_name: name, ..License::default() }),
        Kind::Asset => records.assets.push(Asset { id, name, ..Asset::default() }),
        Kind::Grant => {}
    }
}

async fn grants(seat: &Seat) -> Vec<Grant> {
    let rows = seat.tenant.store().list(seat.tenant.id(), Kind::Grant, &Filter::default()).await.unwrap();
    let grant = |record| match record {
        StoredRecord::Grant(grant) => Some(grant),
        _ => None,
    };
    rows.into_iter().filter_map(|row| grant(row.record)).collect()
}

async fn protocols(seat: &Seat) -> BTreeMap<String, String> {
    let rows = seat.tenant.store().list(seat.tenant.id(), Kind::Application, &Filter::default()).await.unwrap();
    let protocol = |record| match record {
        StoredRecord::Application(app) => Some((app.id, app.protocol?)),
        _ => None,
    };
    rows.into_iter().filter_map(|row| protocol(row.record)).collect()
}
