//! JumpCloud's books: the company's directory, its console administrators, groups, applications and servers.

mod access;
mod admins;
mod applications;
mod groups;
mod users;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::ids::Ids;
use crate::company::{Company, Employment};

pub use access::{Principal, Resource};
pub use admins::{Admin, ROLES};
pub use applications::{Application, Protocol, Server};
pub use groups::Group;
pub use users::{State, SystemUser};

/// The first key of users made by a write.
const MADE: u32 = 0x2000_0000;

/// JumpCloud's books.
#[derive(Clone, Debug)]
pub struct JumpCloud {
    company: Company,
    rows: Arc<Vec<u32>>,
    changed_users: BTreeMap<u32, SystemUser>,
    deleted_users: std::collections::BTreeSet<u32>,
    made_users: u32,
    rosters: Vec<OnceLock<Arc<Vec<u32>>>>,
    changed_rosters: BTreeMap<u32, Arc<Vec<u32>>>,
    changed_access: BTreeMap<(Resource, u32), Vec<Principal>>,
}

impl JumpCloud {
    /// The books of a company.
    pub fn new(company: Company) -> Self {
        let mut books = JumpCloud {
            company,
            rows: Arc::default(),
            changed_users: BTreeMap::new(),
            deleted_users: Default::default(),
            made_users: 0,
            rosters: Vec::new(),
            changed_rosters: BTreeMap::new(),
            changed_access: BTreeMap::new(),
        };
        books.refresh();
        books
    }

    /// Moves to another step of the company's life. What writes changed stays changed.
    pub fn evolve(&mut self, step: u32) {
        self.company = self.company.evolve(step);
        self.refresh();
    }

    /// The company.
    pub fn company(&self) -> &Company {
        &self.company
    }

    /// The id and name of the organisation.
    pub fn organization(&self) -> (String, &'static str) {
        (self.ids(7).object(0), "Acme")
    }

    /// Keys of all users, ascending: the order of their ids.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    fn ids(&self, kind: u64) -> Ids {
        Ids::new(self.company.seed(), kind)
    }

    fn refresh(&mut self) {
        let company = self.company;
        let listed = (0..company.ever()).filter(|index| company.employment(*index) != Employment::Gone);
        let made = (0..self.made_users).map(|number| MADE + number);
        self.rows = Arc::new(listed.chain(made).filter(|key| !self.deleted_users.contains(key)).collect());
        self.rosters = vec![OnceLock::new(); self.group_count() as usize];
    }
}
