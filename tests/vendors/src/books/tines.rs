//! Tines' books: a tenant's accounts, teams and roles.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::ids::Ids;
use crate::company::{Company, Employment, Moment, Purpose};

/// The first key of accounts that belong to no person.
const SERVICE: u32 = 0xF000_0000;
/// The first key of accounts made by a write.
const MADE: u32 = 0xF100_0000;
/// What lies between an account's key and its id.
const FIRST_ID: u64 = 41_001;
/// The first id of a person's own team.
const PERSONAL: u64 = 50_000_000;

/// Custom roles: id, name, what they permit.
pub const CUSTOM_ROLES: &[(&str, &str, &[&str])] = &[
    ("311", "Story reviewer", &["STORY_READ", "STORY_COMMENT"]),
    ("312", "Credential keeper", &["CREDENTIAL_CREATE", "CREDENTIAL_EDIT"]),
];
/// Roles that every tenant has: id, name, what they permit.
pub const DEFAULT_ROLES: &[(&str, &str, &[&str])] = &[
    ("TEAM_ADMIN", "Team admin", &["ALLOW_ALL"]),
    ("EDITOR", "Editor", &["STORY_CREATE", "STORY_EDIT", "STORY_READ"]),
    ("VIEWER", "Viewer", &["STORY_READ"]),
];

/// An account's place in a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The team's id.
    pub team: u64,
    /// The team's name.
    pub name: String,
    /// A default role's id, or a custom role's name.
    pub role: String,
}

/// One account.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// The id.
    pub id: u64,
    /// The identity provider's id.
    pub scim: Option<String>,
    /// Address.
    pub email: String,
    /// May be "".
    pub first: String,
    /// May be "".
    pub last: String,
    /// Owns the tenant.
    pub admin: bool,
    /// May sign in.
    pub active: bool,
    /// What it may do in the tenant.
    pub permissions: Vec<String>,
    /// When it was made.
    pub created: Moment,
    /// When it was changed.
    pub updated: Moment,
    /// None: never signed in.
    pub seen: Option<Moment>,
    /// Teams.
    pub memberships: Vec<Membership>,
}

/// One team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// The id.
    pub id: u64,
    /// The name.
    pub name: String,
    /// Somebody's own.
    pub personal: bool,
}

/// Members of the standard teams by team, as keys of accounts; and who has a team alone.
type Rosters = Arc<(Vec<Vec<u32>>, Vec<u32>)>;

/// Tines' books.
#[derive(Clone, Debug)]
pub struct Tines {
    company: Company,
    rows: Arc<Vec<u32>>,
    changed: BTreeMap<u32, Account>,
    deleted: std::collections::BTreeSet<u32>,
    made: u32,
    rosters: OnceLock<Rosters>,
}

impl Tines {
    /// The books of a company.
    pub fn new(company: Company) -> Self {
        let rows = Arc::new(rows_of(&company));
        Tines { company, rows, changed: BTreeMap::new(), deleted: Default::default(), made: 0, rosters: OnceLock::new() }
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

    /// Keys of all accounts, in the order of the list.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// The key of an id.
    pub fn key(&self, id: u64) -> Option<u32> {
        let key = u32::try_from(id.checked_sub(FIRST_ID)?).ok()?;
        self.rows.binary_search(&key).ok().map(|_| key)
    }

    /// One account.
    pub fn account(&self, key: u32) -> Account {
        match self.changed.get(&key) {
            Some(account) => account.clone(),
            None if key >= SERVICE => self.service(key),
            None => self.computed(key),
        }
    }

    /// Whether the account owns the tenant: cheap.
    pub fn is_admin(&self, key: u32) -> bool {
        self.changed.get(&key).map_or_else(|| key < SERVICE && owns(key), |account| account.admin)
    }

    /// Puts a changed account in the place of the one with this key.
    pub fn put(&mut self, key: u32, account: Account) {
        self.changed.insert(key, account);
        self.rosters = OnceLock::new();
    }

    /// Adds an account and gives its key. The id in `account` is replaced.
    pub fn add(&mut self, account: Account) -> u32 {
        let key = MADE + self.made;
        self.made += 1;
        self.changed.insert(key, Account { id: FIRST_ID + u64::from(key), ..account });
        self.refresh();
        key
    }

    /// Removes an account.
    pub fn remove(&mut self, key: u32) {
        self.deleted.insert(key);
        self.changed.remove(&key);
        self.refresh();
    }

    /// How many standard teams there are.
    pub fn standard_teams(&self) -> u32 {
        (self.company.people() / 33).clamp(2, 200)
    }

    /// A standard team, by its number.
    pub fn team(&self, number: u32) -> Team {
        const WORK: [&str; 8] = ["Detection", "Response", "Onboarding", "Phishing", "Cloud", "Access", "Billing", "Reporting"];
        let work = WORK.get(number as usize % WORK.len()).copied().unwrap_or("");
        let name = if number < 8 { work.to_owned() } else { format!("{work} {}", number / 8 + 1) };
        Team { id: 701 + u64::from(number) * 3, name, personal: false }
    }

    /// A team by its id.
    pub fn team_by_id(&self, id: u64) -> Option<Team> {
        if let Some(key) = id.checked_sub(PERSONAL).and_then(|key| u32::try_from(key).ok()) {
            return (self.rows.binary_search(&key).is_ok() && has_own_team(key)).then(|| self.personal(key));
        }
        let number = id.checked_sub(701).filter(|n| n % 3 == 0).and_then(|n| u32::try_from(n / 3).ok())?;
        (number < self.standard_teams()).then(|| self.team(number))
    }

    /// Keys of the accounts that have a team of their own.
    pub fn owners_of_personal(&self) -> Vec<u32> {
        self.rosters().1.clone()
    }

    /// The own team of an account.
    pub fn personal(&self, key: u32) -> Team {
        let person = self.company.person(key);
        Team { id: PERSONAL + u64::from(key), name: format!("{} {}'s team", person.given, person.family), personal: true }
    }

    /// Keys of a team's members.
    pub fn members(&self, team: u64) -> Vec<u32> {
        if let Some(key) = team.checked_sub(PERSONAL).and_then(|key| u32::try_from(key).ok()) {
            return vec![key];
        }
        let number = team.checked_sub(701).map_or(usize::MAX, |n| usize::try_from(n / 3).unwrap_or(usize::MAX));
        self.rosters().0.get(number).cloned().unwrap_or_default()
    }

    fn rosters(&self) -> &Rosters {
        self.rosters.get_or_init(|| {
            let mut teams = vec![Vec::new(); self.standard_teams() as usize];
            let mut own = Vec::new();
            for key in self.rows.iter().copied() {
                let numbers = match self.changed.get(&key) {
                    Some(account) => account
                        .memberships
                        .iter()
                        .filter_map(|membership| usize::try_from(membership.team.checked_sub(701)? / 3).ok())
                        .collect(),
                    None => self.team_numbers(key),
                };
                for number in numbers {
                    if let Some(team) = teams.get_mut(number) {
                        team.push(key);
                    }
                }
                if has_own_team(key) {
                    own.push(key);
                }
            }
            Arc::new((teams, own))
        })
    }

    fn team_numbers(&self, key: u32) -> Vec<usize> {
        if key >= SERVICE {
            return vec![0];
        }
        let number = self.company.draw(Purpose::TinesTeam, key);
        let count = self.standard_teams() as u64;
        let first = number % count;
        let mut numbers = Vec::with_capacity(2);
        // One in nine belongs to no team.
        if key % 9 != 7 {
            numbers.push(first as usize);
        }
        let second = (number >> 16) % count;
        if number >> 60 < 5 && second != first {
            numbers.push(second as usize);
        }
        numbers
    }

    fn memberships(&self, key: u32) -> Vec<Membership> {
        let number = self.company.draw(Purpose::TinesTeam, key) >> 32;
        let role = match number % 20 {
            0 | 1 => "TEAM_ADMIN",
            2..=9 => "VIEWER",
            10 => "Story reviewer",
            11 => "Credential keeper",
            _ => "EDITOR",
        };
        let mut memberships: Vec<Membership> = self
            .team_numbers(key)
            .into_iter()
            .map(|number| self.team(number as u32))
            .map(|team| Membership { team: team.id, name: team.name, role: role.to_owned() })
            .collect();
        if has_own_team(key) {
            let team = self.personal(key);
            memberships.push(Membership { team: team.id, name: team.name, role: "TEAM_ADMIN".to_owned() });
        }
        memberships
    }

    fn computed(&self, key: u32) -> Account {
        let person = self.company.person(key);
        let number = self.company.draw(Purpose::Tines, key);
        let now = self.company.now();
        let left = matches!(person.employment, Employment::Left | Employment::Gone);
        let created = person.hired.plus_micros(number % 90_000_000_000);
        let seen = (key % 23 != 5 && person.employment != Employment::Staged)
            .then(|| now.minus_days(1 + (number >> 20) % 45).plus_micros(number % 50_000_000_000).to_millis());
        Account {
            id: FIRST_ID + u64::from(key),
            scim: (key % 6 != 4).then(|| Ids::new(self.company.seed(), 3).uuid(key)),
            email: if key % 31 == 12 { person.email.to_ascii_uppercase() } else { person.email },
            first: if key % 27 == 14 { String::new() } else { person.given.to_owned() },
            last: if key % 27 == 14 || key % 39 == 20 { String::new() } else { person.family.to_owned() },
            admin: owns(key),
            active: !left || self.company.draw(Purpose::TinesKept, key).is_multiple_of(5),
            permissions: match key % 40 {
                6 => vec!["AUDIT_LOG_READ".to_owned()],
                16 => vec!["FEATURE_FLAG_MANAGE".to_owned(), "TUNNEL_MANAGE".to_owned()],
                _ => Vec::new(),
            },
            created: created.to_millis(),
            updated: created.plus_micros((number >> 30) % 900_000_000_000).to_millis(),
            seen,
            memberships: self.memberships(key),
        }
    }

    fn service(&self, key: u32) -> Account {
        let number = key - SERVICE;
        let start = self.company.evolve(0).now().minus_days(400);
        let team = self.team(0);
        Account {
            id: FIRST_ID + u64::from(key),
            scim: None,
            email: format!("service-{}@acme.tines.com", number + 1),
            first: String::new(),
            last: String::new(),
            admin: false,
            active: true,
            permissions: Vec::new(),
            created: start.to_millis(),
            updated: start.to_millis(),
            seen: Some(self.company.now().to_millis()),
            memberships: vec![Membership { team: team.id, name: team.name, role: "EDITOR".to_owned() }],
        }
    }

    fn refresh(&mut self) {
        let mut rows = rows_of(&self.company);
        rows.extend((0..self.made).map(|number| MADE + number));
        rows.retain(|key| !self.deleted.contains(key));
        self.rows = Arc::new(rows);
        self.rosters = OnceLock::new();
    }
}

fn owns(key: u32) -> bool {
    key == 0 || key % 60 == 33
}

fn has_own_team(key: u32) -> bool {
    key < SERVICE && key % 40 == 11
}

/// Six people in ten, and a leaver only where an account was left behind.
fn rows_of(company: &Company) -> Vec<u32> {
    let services = if company.people() >= 20 { 2 } else { 0 };
    (0..company.ever())
        .filter(|index| *index == 0 || has_own_team(*index) || company.draw(Purpose::Tines, *index) % 10 < 6)
        .filter(|index| match company.employment(*index) {
            Employment::Left | Employment::Gone => company.draw(Purpose::TinesKept, *index) % 5 < 3 && *index < company.people(),
            Employment::Staged | Employment::Employed => true,
        })
        .chain((0..services).map(|number| SERVICE + number))
        .collect()
}
