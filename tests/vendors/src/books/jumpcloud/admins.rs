//! Administrators of the console: accounts of their own, though most belong to somebody in the directory.

use super::JumpCloud;
use crate::company::{DOMAIN, Moment};

/// Names of the roles. The last is custom.
pub const ROLES: &[&str] = &[
    "Administrator With Billing",
    "Administrator",
    "Manager",
    "Command Runner",
    "Help Desk",
    "Billing Only",
    "Read Only",
    "Audit Desk",
];

/// One administrator.
#[derive(Clone, Debug, PartialEq)]
pub struct Admin {
    /// 24 hexadecimal digits.
    pub id: String,
    /// Address, in the case somebody typed.
    pub email: String,
    /// May be "".
    pub first: String,
    /// May be "".
    pub last: String,
    /// Id and name of the role.
    pub role: (String, &'static str),
    /// Barred.
    pub suspended: bool,
    /// Has to use a second factor.
    pub mfa: bool,
    /// Has set one up.
    pub enrolled: bool,
    /// When it was made.
    pub created: Moment,
}

impl JumpCloud {
    /// How many administrators there are: one in fifty, at most 200.
    pub fn admin_count(&self) -> u32 {
        (self.company.people() / 50).clamp(1, 200)
    }

    /// One administrator.
    pub fn admin(&self, number: u32) -> Admin {
        let id = self.ids(9).object(number);
        let role = self.role(number);
        // Every tenth is nobody in the directory.
        let (email, first, last) = match number % 10 {
            7 => (format!("console-{number}@partner.example"), String::new(), String::new()),
            3 => {
                let person = self.company.person(self.person_of(number));
                (person.email.to_ascii_uppercase(), person.given.to_owned(), person.family.to_owned())
            }
            _ => {
                let person = self.company.person(self.person_of(number));
                (person.email, person.given.to_owned(), person.family.to_owned())
            }
        };
        Admin {
            id,
            email,
            first,
            last,
            role,
            suspended: number % 9 == 8,
            mfa: number % 3 != 1,
            enrolled: number.is_multiple_of(3),
            created: self.company.hired(self.person_of(number)).plus_days(3).to_millis(),
        }
    }

    /// The key of an administrator's id.
    pub fn admin_number(&self, id: &str) -> Option<u32> {
        self.ids(9).of_object(id).filter(|number| *number < self.admin_count())
    }

    /// Id and name of an administrator's role.
    fn role(&self, number: u32) -> (String, &'static str) {
        let index = if number == 0 { 0 } else { 1 + number % (ROLES.len() as u32 - 1) };
        (self.ids(10).object(index), ROLES.get(index as usize).copied().unwrap_or(""))
    }

    pub(super) fn admin_of_user(&self, key: u32) -> Option<(String, &'static str)> {
        let number = key / 40;
        let is_one = key.is_multiple_of(40) && number < self.admin_count() && number % 10 != 7 && self.person_of(number) == key;
        is_one.then(|| (self.ids(9).object(number), self.role(number).1))
    }

    fn person_of(&self, number: u32) -> u32 {
        (number * 40) % self.company.people()
    }
}

/// The address that alerts go to; it exists so that the domain is used in one place.
pub(super) fn list_address(name: &str) -> String {
    format!("{name}@{DOMAIN}")
}
