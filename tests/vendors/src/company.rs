//! One invented company: its people, computed from a seed and an index whenever they are asked for, so that a million cost nothing.

pub(crate) mod draw;
mod moment;
pub(crate) mod names;

pub use moment::Moment;

use draw::{draw, pick};

/// What the numbers of [`Company::draw`] are for. Each purpose has its own sequence.
#[derive(Clone, Copy)]
#[repr(u64)]
pub(crate) enum Purpose {
    Name = 1,
    Department,
    Title,
    Hired,
    Leaving,
    JetBrains,
    JetBrainsHolder,
    JetBrainsKept,
    Tines,
    TinesTeam,
    TinesKept,
    Kandji,
    KandjiDevice,
    KandjiKept,
    JumpCloud,
    JumpCloudGroup,
    JumpCloudApp,
}

/// The most people that a company can have.
pub const MOST_PEOPLE: u32 = 1_000_000;

/// The mail domain of the company. It is reserved for examples.
pub const DOMAIN: &str = "acme.example";

/// Where a person stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Employment {
    /// Hired, not yet started.
    Staged,
    /// Works here.
    Employed,
    /// Has left; the directory still lists the account, suspended.
    Left,
    /// Has left, and the directory has forgotten the account.
    Gone,
}

/// One person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Stable for the life of the company.
    pub index: u32,
    /// Given name, as written.
    pub given: &'static str,
    /// Family name, as written.
    pub family: &'static str,
    /// Unique sign-in name, in ASCII.
    pub user_name: String,
    /// Unique address, in lower case.
    pub email: String,
    /// Department.
    pub department: &'static str,
    /// Job title.
    pub title: String,
    /// Place of work.
    pub place: &'static str,
    /// The index of the person's manager.
    pub manager: Option<u32>,
    /// When the person was hired.
    pub hired: Moment,
    /// Where the person stands.
    pub employment: Employment,
}

/// A company at one step of its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Company {
    seed: u64,
    people: u32,
    step: u32,
}

impl Company {
    /// The company of a seed, with `people` in its directory. The number is taken between 1 and [`MOST_PEOPLE`].
    pub fn new(seed: u64, people: u32) -> Company {
        Company { seed, people: people.clamp(1, MOST_PEOPLE), step: 0 }
    }

    /// The same company some days later: people joined, left and moved, and licenses changed hands. Step 0 is the company as made;
    /// at most 300 steps are taken.
    pub fn evolve(&self, step: u32) -> Company {
        Company { step: step.min(300), ..*self }
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// How many people the company began with.
    pub fn people(&self) -> u32 {
        self.people
    }

    /// The step of its life.
    pub fn step(&self) -> u32 {
        self.step
    }

    /// The company's clock: nine o'clock on a fixed day, and a day more with each step. The real clock plays no part.
    pub fn now(&self) -> Moment {
        const START: Moment = Moment(Moment::of_date(2026, 6, 1).0 + 9 * 3_600_000_000);
        START.plus_days(u64::from(self.step))
    }

    /// How many people ever worked here; indices run below it.
    pub fn ever(&self) -> u32 {
        self.people + self.step * self.joiners_a_step()
    }

    /// One person.
    pub fn person(&self, index: u32) -> Person {
        let (given, family, number) = self.name(index);
        let ((given, given_plain), (family, family_plain)) = (names::spelled(given), names::spelled(family));
        let user_name = match number {
            0 => format!("{given_plain}.{family_plain}"),
            n => format!("{given_plain}.{family_plain}{}", n + 1),
        };
        let department = self.department(index);
        let rank = pick(names::TITLES, self.draw(Purpose::Title, index));
        Person {
            index,
            given,
            family,
            email: format!("{user_name}@{DOMAIN}"),
            user_name,
            department,
            title: if index == 0 { "Chief Executive".to_owned() } else { format!("{rank}, {department}") },
            place: pick(names::PLACES, self.draw(Purpose::Title, index) >> 20),
            manager: (index > 0).then_some(index / 8).filter(|manager| self.employment(*manager) == Employment::Employed),
            hired: self.hired(index),
            employment: self.employment(index),
        }
    }

    /// The number of a person's department.
    pub(crate) fn department_number(&self, index: u32) -> usize {
        let number = self.draw(Purpose::Department, index);
        let moved = u64::from(self.step) > (number >> 32) % 300;
        ((number % names::DEPARTMENTS.len() as u64) as usize + usize::from(moved)) % names::DEPARTMENTS.len()
    }

    fn department(&self, index: u32) -> &'static str {
        names::DEPARTMENTS.get(self.department_number(index)).copied().unwrap_or("")
    }

    /// When a person was hired.
    pub(crate) fn hired(&self, index: u32) -> Moment {
        let number = self.draw(Purpose::Hired, index);
        match self.joined(index) {
            0 => self.evolve(0).now().minus_days(60 + number % 3_000).plus_micros((number >> 16) % 28_800_000_000),
            step => self.evolve(step).now(),
        }
    }

    /// Where a person stands at this step.
    pub(crate) fn employment(&self, index: u32) -> Employment {
        let joined = self.joined(index);
        if self.step < joined {
            return Employment::Gone;
        }
        let chance = self.draw(Purpose::Leaving, index);
        let (left, forgotten) = match index % 32 {
            // Left before the first sync.
            21 => (0, 1 + (chance % 10) as u32),
            _ => {
                let left = joined + 1 + (chance % 400) as u32;
                (left, left + 1 + (chance >> 32) as u32 % 2)
            }
        };
        match self.step {
            _ if index == 0 => Employment::Employed,
            now if now >= forgotten => Employment::Gone,
            now if now >= left => Employment::Left,
            now if now == joined && (joined > 0 || index % 45 == 19) => Employment::Staged,
            _ => Employment::Employed,
        }
    }

    /// A repeatable number for one purpose and index.
    pub(crate) fn draw(&self, purpose: Purpose, index: u32) -> u64 {
        draw(self.seed, purpose as u64, u64::from(index))
    }

    fn joiners_a_step(&self) -> u32 {
        (self.people / 200).max(1)
    }

    fn joined(&self, index: u32) -> u32 {
        index.checked_sub(self.people).map_or(0, |joiner| 1 + joiner / self.joiners_a_step())
    }

    /// No two people share all three: the index walks through every pair of names before a number is needed.
    fn name(&self, index: u32) -> (&'static str, &'static str, u64) {
        let (given, family) = (names::GIVEN.len() as u64, names::FAMILY.len() as u64);
        let pairs = given * family;
        let start = self.draw(Purpose::Name, 0) % pairs;
        // A prime above both lists' lengths shares no factor with the number of pairs.
        let pair = (u64::from(index) * 15_485_863 + start) % pairs;
        let number = u64::from(index) / pairs;
        (pick(names::GIVEN, pair % given), pick(names::FAMILY, pair / given), number)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn addresses_are_unique_and_plain() {
        let company = Company::new(3, 200_000);
        let emails: HashSet<String> = (0..company.people()).map(|index| company.person(index).email).collect();
        assert_eq!(emails.len(), 200_000);
        assert!(emails.iter().all(|email| email.is_ascii() && email.bytes().filter(|byte| *byte == b'@').count() == 1));
    }

    #[test]
    fn the_same_seed_gives_the_same_person_and_another_seed_another() {
        assert_eq!(Company::new(1, 500).person(77), Company::new(1, 500).person(77));
        assert_ne!(Company::new(1, 500).person(77), Company::new(2, 500).person(77));
    }

    #[test]
    fn a_step_brings_joiners_and_takes_leavers_and_leaves_the_rest_alone() {
        let (before, after) = (Company::new(9, 1_000), Company::new(9, 1_000).evolve(5));
        assert!(after.ever() > before.ever());
        let left =
            (0..1_000).filter(|i| before.employment(*i) == Employment::Employed && after.employment(*i) == Employment::Left);
        let kept = (0..1_000).filter(|i| before.person(*i).email == after.person(*i).email);
        assert!(left.count() > 0);
        assert_eq!(kept.count(), 1_000);
        assert_eq!(after.employment(1_000), Employment::Employed);
        assert_eq!(before.evolve(1).employment(1_000), Employment::Staged);
    }
}
