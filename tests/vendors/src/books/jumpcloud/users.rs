//! Users of the directory.

use super::{JumpCloud, MADE};
use crate::company::{Employment, Moment, Purpose};

/// The account's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Not yet able to sign in.
    Staged,
    /// Able to.
    Activated,
    /// Barred.
    Suspended,
}

impl State {
    /// As the vendor writes it.
    pub fn word(self) -> &'static str {
        match self {
            State::Staged => "STAGED",
            State::Activated => "ACTIVATED",
            State::Suspended => "SUSPENDED",
        }
    }
}

/// One user.
#[derive(Clone, Debug, PartialEq)]
pub struct SystemUser {
    /// 24 hexadecimal digits.
    pub id: String,
    /// Sign-in name.
    pub user_name: String,
    /// Address.
    pub email: String,
    /// "" for none.
    pub alternate_email: String,
    /// Given name.
    pub first: String,
    /// "" for none.
    pub middle: String,
    /// Family name.
    pub last: String,
    /// "" for none.
    pub display: String,
    /// None is left out of the answer and means activated.
    pub state: Option<State>,
    /// The older switch beside the state.
    pub suspended: bool,
    /// Locked after wrong passwords.
    pub locked: Option<Moment>,
    /// The account has set a password.
    pub activated: bool,
    /// Department.
    pub department: String,
    /// "" for none.
    pub title: String,
    /// Place of work.
    pub location: String,
    /// None is null.
    pub employee: Option<String>,
    /// The manager's id, "" for none.
    pub manager: String,
    /// Has set up a second factor.
    pub mfa: bool,
    /// When it was made.
    pub created: Moment,
    /// The id, and the name of the role, of the console administrator that this user also is.
    pub admin: Option<(String, &'static str)>,
    /// A number on Unix machines.
    pub unix: u32,
}

impl JumpCloud {
    /// The id of a user.
    pub fn user_id(&self, key: u32) -> String {
        self.ids(8).object(key)
    }

    /// The key of a user's id.
    pub fn user_key(&self, id: &str) -> Option<u32> {
        let key = self.ids(8).of_object(id)?;
        self.rows.binary_search(&key).ok().map(|_| key)
    }

    /// One user.
    pub fn user(&self, key: u32) -> SystemUser {
        match self.changed_users.get(&key) {
            Some(user) => user.clone(),
            None => self.computed_user(key),
        }
    }

    /// Puts a changed user in the place of the one with this key.
    pub fn put_user(&mut self, key: u32, user: SystemUser) {
        self.changed_users.insert(key, user);
    }

    /// Adds a user and gives its key. The id in `user` is replaced.
    pub fn add_user(&mut self, user: SystemUser) -> u32 {
        let key = MADE + self.made_users;
        self.made_users += 1;
        self.changed_users.insert(key, SystemUser { id: self.user_id(key), unix: 5_000 + key, ..user });
        self.refresh();
        key
    }

    /// Removes a user, from everything.
    pub fn remove_user(&mut self, key: u32) {
        self.deleted_users.insert(key);
        self.changed_users.remove(&key);
        for roster in self.changed_rosters.values_mut() {
            *roster = std::sync::Arc::new(roster.iter().copied().filter(|member| *member != key).collect());
        }
        for principals in self.changed_access.values_mut() {
            principals.retain(|principal| *principal != super::Principal::User(key));
        }
        self.refresh();
    }

    fn computed_user(&self, key: u32) -> SystemUser {
        let person = self.company.person(key);
        let number = self.company.draw(Purpose::JumpCloud, key);
        let state = match person.employment {
            Employment::Staged => Some(State::Staged),
            Employment::Left | Employment::Gone => Some(State::Suspended),
            Employment::Employed if key % 70 == 31 => None,
            Employment::Employed => Some(State::Activated),
        };
        // The older switch lags behind the state for some.
        let suspended = state == Some(State::Suspended) && !key.is_multiple_of(3);
        SystemUser {
            id: self.user_id(key),
            alternate_email: if key % 12 == 5 { format!("{}@mail.example", person.user_name) } else { String::new() },
            middle: if key % 16 == 9 { "Q.".to_owned() } else { String::new() },
            display: if key % 5 == 1 { String::new() } else { format!("{} {}", person.given, person.family) },
            state,
            suspended,
            locked: (key % 80 == 37 && person.employment == Employment::Employed)
                .then(|| self.company.now().minus_days(1).to_millis()),
            activated: person.employment != Employment::Staged,
            department: person.department.to_owned(),
            title: if key % 9 == 4 { String::new() } else { person.title },
            location: person.place.to_owned(),
            employee: (key % 10 != 7).then(|| format!("E{:06}", key + 1)),
            manager: person.manager.map(|manager| self.user_id(manager)).unwrap_or_default(),
            mfa: !number.is_multiple_of(4),
            created: person.hired.to_millis(),
            admin: self.admin_of_user(key),
            unix: 5_000 + key,
            user_name: person.user_name,
            email: person.email,
            first: person.given.to_owned(),
            last: person.family.to_owned(),
        }
    }
}
