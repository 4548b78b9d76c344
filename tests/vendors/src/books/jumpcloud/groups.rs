//! Groups of users. The first holds everybody; one follows each department; the rest are small.

use std::sync::Arc;

use super::{JumpCloud, admins::list_address};
use crate::company::{Purpose, names::DEPARTMENTS};

/// One group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// 24 hexadecimal digits.
    pub id: String,
    /// The name.
    pub name: String,
    /// "" for none.
    pub description: String,
    /// "" for none.
    pub email: String,
    /// Filled by a rule.
    pub dynamic: bool,
    /// Has attributes; null otherwise.
    pub attributes: bool,
}

const TOPICS: &[&str] = &["VPN", "Wi-Fi", "On call", "Contractors", "Auditors", "Beta testers", "Site", "Release"];

impl JumpCloud {
    /// How many groups there are: 30 of 1,000 people, 3 at least, 300 at most.
    pub fn group_count(&self) -> u32 {
        (self.company.people() * 3 / 100).clamp(3, 300)
    }

    /// One group.
    pub fn group(&self, number: u32) -> Group {
        let department = (number as usize).checked_sub(1).and_then(|index| DEPARTMENTS.get(index));
        let topic = TOPICS.get(number as usize % TOPICS.len()).copied().unwrap_or("");
        let (name, dynamic) = match (number, department) {
            (0, _) => ("Everyone".to_owned(), true),
            (_, Some(department)) => (format!("Department: {department}"), true),
            _ => (format!("{topic} {number}"), false),
        };
        Group {
            id: self.ids(11).object(number),
            name,
            description: if number.is_multiple_of(3) { "Kept by IT".to_owned() } else { String::new() },
            email: if number % 4 == 1 { list_address(&format!("group-{number}")) } else { String::new() },
            dynamic,
            attributes: number % 2 == 1,
        }
    }

    /// The id of a group.
    pub fn group_id(&self, number: u32) -> String {
        self.ids(11).object(number)
    }

    /// The number of a group's id.
    pub fn group_number(&self, id: &str) -> Option<u32> {
        self.ids(11).of_object(id).filter(|number| *number < self.group_count())
    }

    /// Keys of a group's members.
    pub fn members(&self, number: u32) -> Arc<Vec<u32>> {
        if let Some(roster) = self.changed_rosters.get(&number) {
            return Arc::clone(roster);
        }
        match self.rosters.get(number as usize) {
            Some(roster) => Arc::clone(roster.get_or_init(|| self.computed_members(number))),
            None => Arc::default(),
        }
    }

    /// Replaces a group's members.
    pub fn put_members(&mut self, number: u32, members: Vec<u32>) {
        self.changed_rosters.insert(number, Arc::new(members));
    }

    fn computed_members(&self, number: u32) -> Arc<Vec<u32>> {
        if number == 0 {
            return Arc::clone(&self.rows);
        }
        let department = (number as usize).checked_sub(1).filter(|index| *index < DEPARTMENTS.len());
        // A twentieth of the company, 2,000 at most.
        let share = u64::from((self.company.people() / 20).clamp(1, 2_000));
        let of = u64::from(self.company.people());
        let is_member = |key: u32| match department {
            Some(department) => self.company.department_number(key) == department,
            None => crate::company::draw::mix(self.company.draw(Purpose::JumpCloudGroup, key) ^ u64::from(number)) % of < share,
        };
        Arc::new(self.rows.iter().copied().filter(|key| *key < super::MADE && is_member(*key)).collect())
    }
}
