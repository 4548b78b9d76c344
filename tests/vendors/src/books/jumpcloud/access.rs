//! Who is bound to an application or server directly: users and groups.

use super::JumpCloud;
use crate::company::Purpose;

/// What can be bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// An SSO application.
    Application,
    /// An LDAP server.
    Ldap,
    /// A RADIUS server.
    Radius,
}

/// Who can be bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// A user, by key.
    User(u32),
    /// A group, by number.
    Group(u32),
}

impl JumpCloud {
    /// Direct bindings of one resource.
    pub fn access(&self, resource: Resource, number: u32) -> Vec<Principal> {
        let bound = match self.changed_access.get(&(resource, number)) {
            Some(bound) => bound.clone(),
            None => self.computed_access(resource, number),
        };
        let listed = |principal: &Principal| match principal {
            Principal::User(key) => self.rows.binary_search(key).is_ok(),
            Principal::Group(group) => *group < self.group_count(),
        };
        bound.into_iter().filter(listed).collect()
    }

    /// Replaces the bindings of one resource.
    pub fn put_access(&mut self, resource: Resource, number: u32, bound: Vec<Principal>) {
        self.changed_access.insert((resource, number), bound);
    }

    fn computed_access(&self, resource: Resource, number: u32) -> Vec<Principal> {
        let draw = self.company.draw(Purpose::JumpCloudApp, 2_000 + number * 3 + resource as u32);
        let groups = u64::from(self.group_count());
        let mut bound: Vec<Principal> =
            (0..1 + draw % 3).map(|n| Principal::Group(((draw >> (8 * n)) % groups) as u32)).collect();
        bound.sort_unstable();
        bound.dedup();
        // One application in five is reached through groups alone.
        if number % 5 != 4 {
            let people = u64::from(self.company.people());
            let mut users: Vec<u32> = (0..draw % 12).map(|n| (draw.rotate_left(5 * n as u32 + 3) % people) as u32).collect();
            users.sort_unstable();
            users.dedup();
            bound.extend(users.into_iter().map(Principal::User));
        }
        bound
    }
}
