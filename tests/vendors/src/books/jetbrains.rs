//! JetBrains' books: licenses and who holds them.

use std::collections::BTreeMap;

use super::ids::Ids;
use crate::company::{Company, Employment, Moment, Purpose, draw::draw};

/// Products: code and name.
pub const PRODUCTS: &[(&str, &str)] = &[
    ("II", "IntelliJ IDEA Ultimate"),
    ("ALL", "All Products Pack"),
    ("PS", "PhpStorm"),
    ("PC", "PyCharm"),
    ("WS", "WebStorm"),
    ("GO", "GoLand"),
    ("RD", "Rider"),
    ("RR", "RustRover"),
    ("DB", "DataGrip"),
];

/// Teams. One id is beyond what a double can hold.
pub const TEAMS: &[(i64, &str)] = &[
    (1_204_411, "Engineering"),
    (1_204_412, "Data & Research"),
    (1_204_477, "Contractors"),
    (1_310_002, "Platform"),
    (1_310_009, "Łódź office"),
    (9_007_199_254_740_993, "Acquired: Northwind"),
];

/// Who holds a license.
#[derive(Clone, Debug, PartialEq)]
pub enum Holder {
    /// Nobody; the field is absent.
    Absent,
    /// Nobody; the field is null.
    Null,
    /// A person, by the name and address that somebody typed.
    User {
        /// One string.
        name: Option<String>,
        /// As typed: its case varies. None for an account without one.
        email: Option<String>,
    },
    /// A license server or vault.
    Server {
        /// LICENSE_SERVER or LICENSE_VAULT.
        server_type: &'static str,
        /// Its id.
        uid: String,
    },
    /// An activation key, used offline.
    Key {
        /// The key.
        key: String,
        /// To whom it is registered.
        registration: Option<String>,
    },
}

impl Holder {
    /// Whether anybody or anything holds it.
    pub fn is_held(&self) -> bool {
        !matches!(self, Holder::Absent | Holder::Null)
    }
}

/// A subscription.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    /// The pack it was bought in.
    pub pack: Option<String>,
    /// The last day.
    pub valid_until: Option<Moment>,
    /// Past its date.
    pub outdated: bool,
    /// Renews itself.
    pub renews: bool,
}

/// Use of a license.
#[derive(Clone, Debug, PartialEq)]
pub struct Use {
    /// When it was assigned.
    pub assigned: Option<Moment>,
    /// When it was last used.
    pub seen: Option<Moment>,
    /// An offline code was made. None where the vendor leaves it out.
    pub offline: Option<bool>,
}

/// One license.
#[derive(Clone, Debug, PartialEq)]
pub struct License {
    /// Ten characters.
    pub id: String,
    /// Index into [`PRODUCTS`].
    pub product: usize,
    /// Who holds it.
    pub holder: Holder,
    /// A verified domain.
    pub domain: Option<&'static str>,
    /// None: a perpetual license without one.
    pub subscription: Option<Subscription>,
    /// The fallback: outdated or not, and until when upgrades are due.
    pub perpetual: Option<(bool, Option<Moment>)>,
    /// Often absent.
    pub used: Option<Use>,
    /// Index into [`TEAMS`].
    pub team: usize,
    /// May move between teams.
    pub transferable: bool,
    /// A trial.
    pub trial: bool,
    /// Suspended.
    pub suspended: bool,
    /// May be assigned now.
    pub available: bool,
}

impl License {
    /// Code and name of the product.
    pub fn product(&self) -> (&'static str, &'static str) {
        PRODUCTS.get(self.product).copied().unwrap_or(("", ""))
    }

    /// Id and name of the team.
    pub fn team(&self) -> (i64, &'static str) {
        TEAMS.get(self.team).copied().unwrap_or((0, ""))
    }
}

/// Who a computed row belongs to, before any text is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    Free,
    FreeNull,
    Server,
    Key,
    Nameless,
    Person { index: u32, odd: bool },
}

/// JetBrains' books.
#[derive(Clone, Debug)]
pub struct JetBrains {
    company: Company,
    ids: Ids,
    changed: BTreeMap<u32, License>,
}

impl JetBrains {
    /// The books of a company.
    pub fn new(company: Company) -> Self {
        JetBrains { company, ids: Ids::new(company.seed(), 1), changed: BTreeMap::new() }
    }

    /// Moves to another step of the company's life. What writes changed stays changed.
    pub fn evolve(&mut self, step: u32) {
        self.company = self.company.evolve(step);
    }

    /// The company.
    pub fn company(&self) -> &Company {
        &self.company
    }

    /// How many licenses there are. Their keys run below it.
    pub fn len(&self) -> u32 {
        self.first_rows() + (self.company.ever() - self.company.people())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The key of an id.
    pub fn key(&self, id: &str) -> Option<u32> {
        self.ids.of_letters(id).filter(|key| *key < self.len())
    }

    /// Whether anybody holds the license: cheap.
    pub fn is_held(&self, key: u32) -> bool {
        match self.changed.get(&key) {
            Some(license) => license.holder.is_held(),
            None => !matches!(self.seat(key), Seat::Free | Seat::FreeNull),
        }
    }

    /// The team of a license: cheap.
    pub fn team_of(&self, key: u32) -> usize {
        self.changed.get(&key).map_or_else(|| self.first_team(key), |license| license.team)
    }

    /// The product of a license: cheap.
    pub fn product_of(&self, key: u32) -> usize {
        (self.draw(key) % PRODUCTS.len() as u64) as usize
    }

    /// All keys, in the order of the list.
    pub fn keys(&self) -> impl Iterator<Item = u32> + use<> {
        0..self.len()
    }

    /// Puts a changed license in the place of the one with this key.
    pub fn put(&mut self, key: u32, license: License) {
        self.changed.insert(key, license);
    }

    /// One license.
    pub fn license(&self, key: u32) -> License {
        match self.changed.get(&key) {
            Some(license) => license.clone(),
            None => self.computed(key),
        }
    }

    fn computed(&self, key: u32) -> License {
        let number = self.draw(key);
        let now = self.company.now();
        let seat = self.seat(key);
        let outdated = key % 41 == 11;
        let suspended = key % 37 == 9;
        let held = !matches!(seat, Seat::Free | Seat::FreeNull);
        let until = if outdated { now.minus_days(5 + number % 300) } else { now.plus_days(10 + number % 350) }.to_day_east();
        let perpetual_only = key % 53 == 17;
        License {
            id: self.ids.letters(key),
            product: self.product_of(key),
            holder: self.holder(key, seat),
            domain: (key % 19 == 3).then_some(crate::company::DOMAIN),
            subscription: (!perpetual_only).then(|| Subscription {
                pack: (key % 29 != 5).then(|| format!("{}/{:05X}", 1_000 + number % 900, (number >> 12) & 0xf_ffff)),
                valid_until: (key % 71 != 15).then_some(until),
                outdated,
                renews: !outdated && !key.is_multiple_of(3),
            }),
            perpetual: (perpetual_only || key % 7 == 2).then(|| (outdated, key.is_multiple_of(2).then_some(until))),
            used: held.then(|| self.used(key, number)).flatten(),
            team: self.first_team(key),
            transferable: key % 5 != 4,
            trial: key % 61 == 23,
            suspended,
            available: !held && !suspended && !outdated,
        }
    }

    fn used(&self, key: u32, number: u64) -> Option<Use> {
        if key % 6 == 1 {
            return None;
        }
        let now = self.company.now();
        // One in eight was assigned within the last thirty days.
        let days = if key % 8 == 5 { 1 + number % 28 } else { 45 + number % 700 };
        let assigned = match self.reassigned(key) {
            Some(step) => self.company.evolve(step).now(),
            None => self.company.evolve(0).now().minus_days(days).plus_micros(number % 3_600_000_000),
        };
        let since = u64::try_from(now.days_since(assigned)).unwrap_or(0).max(1);
        Some(Use {
            assigned: (key % 9 != 4).then_some(assigned.to_millis()),
            seen: (key % 4 != 3)
                .then_some(now.minus_days(1 + (number >> 8) % since.min(60)).plus_micros(number % 1_000_000).to_millis()),
            offline: (key % 10 != 6).then_some(key % 90 == 8),
        })
    }

    fn holder(&self, key: u32, seat: Seat) -> Holder {
        let number = self.draw(key);
        match seat {
            Seat::Free => Holder::Absent,
            Seat::FreeNull => Holder::Null,
            Seat::Server => Holder::Server {
                server_type: if number.is_multiple_of(2) { "LICENSE_SERVER" } else { "LICENSE_VAULT" },
                uid: Ids::new(self.company.seed(), 2).uuid(key),
            },
            Seat::Key => Holder::Key {
                key: format!("KEY{:012X}", number & 0xffff_ffff_ffff),
                registration: key.is_multiple_of(2).then(|| "Acme Build Farm".to_owned()),
            },
            Seat::Nameless => Holder::User { name: Some("Former colleague".to_owned()), email: None },
            Seat::Person { index, odd } => {
                let person = self.company.person(index);
                let name = format!("{} {}", person.given, person.family);
                match (odd, number % 3) {
                    (false, _) => Holder::User { name: Some(name), email: Some(person.email) },
                    (true, 0) => {
                        Holder::User { name: Some(person.given.to_owned()), email: Some(person.email.to_ascii_uppercase()) }
                    }
                    (true, 1) => Holder::User { name: None, email: Some(capitalised(&person.email)) },
                    (true, _) => Holder::User { name: Some(format!("{} ({})", name, person.place)), email: Some(person.email) },
                }
            }
        }
    }

    /// Who a license belongs to. Rows begin with one a person, then come second licenses, then the joiners'.
    pub(crate) fn seat(&self, key: u32) -> Seat {
        match key % 100 {
            3 => return Seat::Server,
            13 => return Seat::Key,
            33 => return Seat::Nameless,
            23 | 53 | 73 => return Seat::Free,
            63 | 93 => return Seat::FreeNull,
            _ => {}
        }
        let people = self.company.people();
        let index = match key {
            _ if key < people => key,
            _ if key < self.first_rows() => {
                (draw(self.company.seed(), Purpose::JetBrainsHolder as u64, u64::from(key)) % u64::from(people)) as u32
            }
            _ => people + (key - self.first_rows()),
        };
        let index = if self.reassigned(key).is_some() { (index + people / 2 + 1) % people } else { index };
        let keeps = self.company.draw(Purpose::JetBrainsKept, index).is_multiple_of(3);
        match self.company.employment(index) {
            Employment::Staged => Seat::Free,
            Employment::Left | Employment::Gone if !keeps => Seat::Free,
            _ => Seat::Person { index, odd: key >= people || key % 43 == 8 },
        }
    }

    /// The step at which the license changed hands, if it has.
    fn reassigned(&self, key: u32) -> Option<u32> {
        let step = 1 + ((self.draw(key) >> 32) % 200) as u32;
        (step <= self.company.step()).then_some(step)
    }

    fn first_team(&self, key: u32) -> usize {
        ((self.draw(key) >> 24) % TEAMS.len() as u64) as usize
    }

    fn first_rows(&self) -> u32 {
        self.company.people() + self.company.people() * 3 / 10
    }

    fn draw(&self, key: u32) -> u64 {
        self.company.draw(Purpose::JetBrains, key)
    }
}

fn capitalised(email: &str) -> String {
    let mut letters = email.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
