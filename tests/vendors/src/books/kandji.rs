//! Kandji's books: users from directory integrations, and their devices.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ids::Ids;
use crate::company::{Company, Employment, Moment, Purpose};

/// Integrations: number, name, type.
pub const INTEGRATIONS: &[(u32, &str, &str)] =
    &[(634, "Acme Entra ID", "office365"), (641, "Acme Workspace", "google_workspace"), (702, "Contractors (SCIM)", "scim")];

/// Models: name, platform, version of the system.
const MODELS: &[(&str, &str, &str)] = &[
    ("MacBook Air (M3, 2024)", "Mac", "15.4.1"),
    ("MacBook Pro (16-inch, M4, 2024)", "Mac", "15.5"),
    ("Mac mini (M2, 2023)", "Mac", "14.7.5"),
    ("iPhone 15", "iPhone", "18.4"),
    ("iPad (10th generation)", "iPad", "18.3.2"),
    ("Apple TV 4K", "AppleTV", "18.3"),
];

/// The first key of devices that no user came with.
const STRAY: u32 = 0xF000_0000;

/// A date as it is written: mostly a moment, sometimes not a date at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// A moment, with microseconds.
    At(Moment),
    /// Text that names no moment.
    Text(&'static str),
    /// A moment in the shape of the other dates.
    Spaced(Moment),
}

impl Written {
    /// The moment, if there is one.
    pub fn moment(&self) -> Option<Moment> {
        match self {
            Written::At(moment) | Written::Spaced(moment) => Some(*moment),
            Written::Text(_) => None,
        }
    }
}

/// One user of an integration.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// A UUID.
    pub id: String,
    /// The number it had before.
    pub number: u32,
    /// The whole name.
    pub name: String,
    /// May be "".
    pub email: String,
    /// May sign in at the directory.
    pub active: bool,
    /// Archived.
    pub archived: bool,
    /// Department.
    pub department: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// When it was made.
    pub created: Written,
    /// When it was changed.
    pub updated: Written,
    /// Index into [`INTEGRATIONS`].
    pub integration: usize,
}

/// One device.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// A UUID.
    pub id: String,
    /// The name, chosen by its user.
    pub name: String,
    /// The serial number.
    pub serial: String,
    /// The model.
    pub model: &'static str,
    /// Mac, iPhone, iPad, AppleTV.
    pub platform: &'static str,
    /// Version of the system.
    pub version: &'static str,
    /// The key of its user.
    pub user: Option<u32>,
    /// A label, "" for none.
    pub asset_tag: String,
    /// Words.
    pub tags: Vec<String>,
    /// The blueprint's number.
    pub blueprint: u32,
    /// Enrolled first.
    pub enrolled: Moment,
    /// None is written "".
    pub check_in: Option<Moment>,
    /// Not heard of for long.
    pub missing: bool,
}

/// Kandji's books.
#[derive(Clone, Debug)]
pub struct Kandji {
    company: Company,
    users: Arc<Vec<u32>>,
    devices: Arc<Vec<u32>>,
    changed: BTreeMap<u32, Device>,
    deleted: BTreeSet<u32>,
}

impl Kandji {
    /// The books of a company.
    pub fn new(company: Company) -> Self {
        let mut books = Kandji {
            company,
            users: Arc::default(),
            devices: Arc::default(),
            changed: BTreeMap::new(),
            deleted: BTreeSet::new(),
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

    /// Keys of all users, ascending, in the order of the list.
    pub fn users(&self) -> &[u32] {
        &self.users
    }

    /// Keys of all devices, in the order of the list.
    pub fn devices(&self) -> &[u32] {
        &self.devices
    }

    /// The key of a user's id.
    pub fn user_key(&self, id: &str) -> Option<u32> {
        let key = self.user_ids().of_uuid(id)?;
        self.users.binary_search(&key).ok().map(|_| key)
    }

    /// The key of a device's id.
    pub fn device_key(&self, id: &str) -> Option<u32> {
        let key = self.device_ids().of_uuid(id)?;
        self.devices.binary_search(&key).ok().map(|_| key)
    }

    /// One user.
    pub fn user(&self, key: u32) -> User {
        let (index, second) = (key / 2, key % 2 == 1);
        let person = self.company.person(index);
        let number = self.company.draw(Purpose::Kandji, index);
        let left = matches!(person.employment, Employment::Left | Employment::Gone);
        let fate = self.company.draw(Purpose::KandjiKept, index) % 4;
        let created = person.hired.plus_micros(3_600_000_000 + number % 90_000_000_000);
        let (created, updated) = match index % 100 {
            41 => (Written::Text("2024-13-45T99:00:00.000000Z"), Written::Spaced(created)),
            42 => (Written::Text(""), Written::Text("yesterday")),
            _ => (Written::At(created), Written::At(created.plus_micros(number % 40_000_000_000))),
        };
        User {
            id: self.user_ids().uuid(key),
            number: 29_000 + key,
            name: if index % 90 == 59 { person.user_name.clone() } else { format!("{} {}", person.given, person.family) },
            email: if index % 90 == 29 && !second { String::new() } else { person.email },
            active: !(left && fate == 1) && index % 55 != 31,
            archived: left && fate != 0,
            department: (index % 7 != 3).then(|| person.department.to_owned()),
            title: (index % 5 != 2).then_some(person.title),
            created,
            updated,
            integration: if second { 2 } else { (number >> 50) as usize % 8 / 7 },
        }
    }

    /// How many devices a user has: cheap.
    pub fn device_count(&self, key: u32) -> u32 {
        let own = [key * 2, key * 2 + 1].into_iter().filter(|device| !self.changed.contains_key(device));
        let computed = own.filter(|device| self.exists(*device) && self.computed_user(*device) == Some(key)).count() as u32;
        computed + self.changed.values().filter(|device| device.user == Some(key)).count() as u32
    }

    /// Keys of a user's devices.
    pub fn devices_of(&self, key: u32) -> Vec<u32> {
        let mut own: Vec<u32> =
            [key * 2, key * 2 + 1].into_iter().filter(|device| self.devices.binary_search(device).is_ok()).collect();
        own.extend(self.changed.keys());
        own.sort_unstable();
        own.dedup();
        own.retain(|device| self.device_user(*device) == Some(key));
        own
    }

    /// The key of a device's user: cheap.
    pub fn device_user(&self, key: u32) -> Option<u32> {
        match self.changed.get(&key) {
            Some(device) => device.user,
            None => self.computed_user(key),
        }
    }

    /// One device.
    pub fn device(&self, key: u32) -> Device {
        if let Some(device) = self.changed.get(&key) {
            return device.clone();
        }
        let number = self.device_draw(key);
        let now = self.company.now();
        let (model, platform, version) = MODELS.get((number % MODELS.len() as u64) as usize).copied().unwrap_or(("", "", ""));
        let user = self.computed_user(key);
        let name = match user.map(|user| self.company.person(user / 2)) {
            Some(person) => format!("{}’s {platform}", person.given),
            None => platform.to_owned(),
        };
        let missing = key % 33 == 7;
        Device {
            id: self.device_ids().uuid(key),
            name,
            serial: format!("C02{:09X}", number & 0xf_ffff_ffff),
            model,
            platform,
            version,
            user,
            asset_tag: if key % 4 == 1 { format!("ACME-{}", 10_000 + key % 1_000_000) } else { String::new() },
            tags: if key % 6 == 2 { vec!["loaner".to_owned()] } else { Vec::new() },
            blueprint: (number >> 40) as u32 % 4,
            enrolled: self.company.evolve(0).now().minus_days(90 + number % 900).plus_micros(number % 86_400_000_000),
            check_in: (key % 17 != 6).then(|| {
                let days = if missing { 60 + (number >> 20) % 100 } else { 1 + (number >> 20) % 5 };
                now.minus_days(days).plus_micros(number % 20_000_000_000)
            }),
            missing,
        }
    }

    /// Puts a changed device in the place of the one with this key.
    pub fn put(&mut self, key: u32, device: Device) {
        self.changed.insert(key, device);
    }

    /// Removes a user.
    pub fn remove_user(&mut self, key: u32) {
        self.deleted.insert(key);
        let kept = self.users.iter().copied().filter(|user| *user != key).collect();
        self.users = Arc::new(kept);
    }

    /// UUID, number, name and type of an integration.
    pub fn integration(&self, index: usize) -> (String, u32, &'static str, &'static str) {
        let (number, name, kind) = INTEGRATIONS.get(index).copied().unwrap_or((0, "", ""));
        (Ids::new(self.company.seed(), 6).uuid(number), number, name, kind)
    }

    fn exists(&self, device: u32) -> bool {
        let number = self.device_draw(device);
        // The first device of nearly everybody, a second of one in four.
        if device.is_multiple_of(2) { number >> 32 & 31 != 0 } else { number >> 32 & 3 == 0 }
    }

    fn computed_user(&self, device: u32) -> Option<u32> {
        let user = device / 2;
        (device < STRAY && device % 21 != 8 && !self.deleted.contains(&user)).then_some(user)
    }

    fn device_draw(&self, key: u32) -> u64 {
        self.company.draw(Purpose::KandjiDevice, key)
    }

    fn user_ids(&self) -> Ids {
        Ids::new(self.company.seed(), 4)
    }

    fn device_ids(&self) -> Ids {
        Ids::new(self.company.seed(), 5)
    }

    fn refresh(&mut self) {
        let company = self.company;
        let users: Vec<u32> = (0..company.ever())
            .filter(|index| !company.draw(Purpose::Kandji, *index).is_multiple_of(32) || *index == 0)
            .filter(|index| match company.employment(*index) {
                Employment::Left | Employment::Gone => company.draw(Purpose::KandjiKept, *index) % 4 != 3,
                Employment::Staged | Employment::Employed => true,
            })
            .flat_map(|index| [Some(index * 2), (index % 60 == 17).then_some(index * 2 + 1)])
            .flatten()
            .filter(|key| !self.deleted.contains(key))
            .collect();
        let strays = company.people() / 50;
        self.devices = Arc::new(
            users
                .iter()
                .flat_map(|user| [user * 2, user * 2 + 1])
                .filter(|device| self.exists(*device))
                .chain((0..strays).map(|number| STRAY + number))
                .collect(),
        );
        self.users = Arc::new(users);
    }
}
