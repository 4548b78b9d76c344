//! What a page's rows become: records by kind, repeats merged, rows that became none.

mod merge;

use std::collections::BTreeMap;

use crate::{Application, Asset, Grant, Group, Kind, License, Page, Progress, Records, Reference, Role, Skipped, User};
use merge::Absorb;

/// Collects records. A record that comes again on the same page is merged into the first: the first non-empty value of a field
/// stays; of a user also the latest `last-seen-at`, the earliest `created-at` (whatever their offsets), the most able status, and true
/// over false. A grant that comes again is one grant.
#[derive(Debug, Default)]
pub struct Out {
    users: Vec<User>,
    groups: Vec<Group>,
    roles: Vec<Role>,
    applications: Vec<Application>,
    licenses: Vec<License>,
    assets: Vec<Asset>,
    grants: Vec<Grant>,
    skipped: Vec<Skipped>,
    places: BTreeMap<String, usize>,
}

macro_rules! collect {
    ($($name:ident, $list:ident, $record:ty, $sign:literal;)*) => {
        $(
            #[doc = concat!("Adds a ", stringify!($name), ", or merges it into the one of the same id.")]
            pub fn $name(&mut self, record: $record) {
                let key = format!(concat!($sign, "{}"), record.id);
                put(&mut self.places, &mut self.$list, key, record);
            }
        )*
    };
}

impl Out {
    collect! {
        user, users, User, "u";
        group, groups, Group, "g";
        role, roles, Role, "r";
        application, applications, Application, "a";
        license, licenses, License, "l";
        asset, assets, Asset, "s";
    }

    /// Adds a grant, or merges it into the one of the same principal, target, role and via.
    pub fn grant(&mut self, grant: Grant) {
        let mut key = String::from("h");
        name(&mut key, &grant.principal);
        name(&mut key, &grant.target);
        if let Some(via) = &grant.via {
            name(&mut key, via);
        }
        key.push('/');
        key.push_str(grant.role.as_deref().unwrap_or_default());
        put(&mut self.places, &mut self.grants, key, grant);
    }

    /// This row became no record, and it is known which it would have been: that one counts as seen. Or it became one, but does not
    /// say all that its record holds, or who holds it: then give the record as well. Either way its grants stay that are not told of.
    pub fn skip(&mut self, subject: Reference, reason: impl Into<String>) {
        self.skipped.push(Skipped { subject: Some(subject), harmless: false, reason: reason.into() });
    }

    /// This row became no record, and it is not known which it would have been. The feed is then incomplete.
    pub fn skip_unknown(&mut self, reason: impl Into<String>) {
        self.skipped.push(Skipped { subject: None, harmless: false, reason: reason.into() });
    }

    /// This row could not have been a record at all: a license server's seat in a list of people.
    pub fn skip_harmless(&mut self, reason: impl Into<String>) {
        self.skipped.push(Skipped { subject: None, harmless: true, reason: reason.into() });
    }

    /// The records, for an action's outcome.
    pub fn records(self) -> Records {
        self.into_parts().0
    }

    /// A page made by hand of so many rows, for a feed that no [`Paging`](crate::Paging) describes.
    pub fn page(self, rows: u32, total: Option<u32>, progress: Progress) -> Page {
        let (records, skipped) = self.into_parts();
        Page { records, skipped, rows, total, progress }
    }

    fn into_parts(self) -> (Records, Option<Vec<Skipped>>) {
        let records = Records {
            users: filled(self.users),
            groups: filled(self.groups),
            roles: filled(self.roles),
            applications: filled(self.applications),
            licenses: filled(self.licenses),
            assets: filled(self.assets),
            grants: filled(self.grants),
        };
        (records, filled(self.skipped))
    }
}

fn put<T: Absorb>(places: &mut BTreeMap<String, usize>, list: &mut Vec<T>, key: String, record: T) {
    let next = list.len();
    let at = *places.entry(key).or_insert(next);
    match list.get_mut(at) {
        Some(first) => first.absorb(record),
        None => list.push(record),
    }
}

/// Spells a reference so that no two are spelt alike: the length goes before the id.
fn name(key: &mut String, reference: &Reference) {
    let kind = match reference.kind {
        Kind::User => 'u',
        Kind::Group => 'g',
        Kind::Role => 'r',
        Kind::Application => 'a',
        Kind::License => 'l',
        Kind::Asset => 's',
    };
    key.push(kind);
    key.push_str(&reference.id.len().to_string());
    key.push(':');
    key.push_str(&reference.id);
}

fn filled<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UserStatus;

    fn user(id: &str) -> User {
        User { id: id.into(), ..Default::default() }
    }

    #[test]
    fn a_user_that_comes_again_is_merged() {
        let mut out = Out::default();
        out.user(User {
            status: Some(UserStatus::Inactive),
            display_name: Some(String::new()),
            last_seen_at: Some("2026-01-01".into()),
            created_at: Some("2024-01-01".into()),
            administrator: Some(true),
            ..user("1")
        });
        out.user(user("2"));
        out.user(User {
            status: Some(UserStatus::Active),
            display_name: Some("Ada".into()),
            last_seen_at: Some("2026-02-01".into()),
            created_at: Some("2023-01-01".into()),
            administrator: Some(false),
            ..user("1")
        });
        let users = out.records().users.unwrap();
        assert_eq!(users.len(), 2);
        assert_eq!(users[0].status, Some(UserStatus::Active));
        assert_eq!(users[0].display_name.as_deref(), Some("Ada"));
        assert_eq!(users[0].last_seen_at.as_deref(), Some("2026-02-01"));
        assert_eq!(users[0].created_at.as_deref(), Some("2023-01-01"));
        assert_eq!(users[0].administrator, Some(true));
    }

    #[test]
    fn of_two_times_the_moment_counts_and_not_the_text() {
        let seen = |time: &str| User { last_seen_at: Some(time.into()), created_at: Some(time.into()), ..user("1") };
        let (earlier, later) = ("2023-05-20T01:00:00+03:00", "2023-05-19T23:00:00Z");
        for (first, second) in [(earlier, later), (later, earlier), (later, ""), ("", later)] {
            let mut out = Out::default();
            out.user(seen(first));
            out.user(seen(second));
            let user = out.records().users().first().cloned().unwrap();
            assert_eq!(user.last_seen_at.as_deref(), Some(later));
            let whole = !first.is_empty() && !second.is_empty();
            assert_eq!(user.created_at.as_deref(), Some(if whole { earlier } else { later }));
        }
    }

    #[test]
    fn grants_differ_by_role_and_way_but_not_by_repetition() {
        let mut out = Out::default();
        let grant = || Grant::new(Reference::user(1), Reference::group(2));
        out.grant(grant());
        out.grant(grant());
        out.grant(grant().as_role("VIEWER"));
        out.grant(grant().through(Reference::group(3)));
        assert_eq!(out.records().grants().len(), 3);
    }

    #[test]
    fn ids_made_to_look_alike_stay_apart() {
        let mut out = Out::default();
        out.grant(Grant::new(Reference::user("1g1:2"), Reference::group("3")));
        out.grant(Grant::new(Reference::user("1"), Reference::group("2g1:3")));
        out.user(user("1"));
        out.group(Group { id: "1".into(), ..Default::default() });
        let records = out.records();
        assert_eq!((records.grants().len(), records.users().len(), records.groups().len()), (2, 1, 1));
    }
}
