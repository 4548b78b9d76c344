//! What an attack is made of, and what an honest connector does in its place.

use headcount_connector::{Failure, Grant, Group, Outcome, Page, Progress, Records, Reference, Result, Scope, User};

/// What `read` is asked for.
pub struct Asked {
    pub feed: String,
    pub parent: Option<String>,
    pub cursor: Option<String>,
}

/// What the connector does in each of its calls.
#[derive(Clone, Copy)]
pub struct Attack {
    pub check: fn() -> Result<Scope>,
    pub read: fn(&Asked) -> Result<Page>,
    pub invoke: fn(&str) -> Result<Outcome>,
}

/// Names the attacks of a group, each a file: makes them modules, and a function that finds them by name.
macro_rules! attacks {
    ($($name:ident),+ $(,)?) => {
        $(mod $name;)+

        /// The attack of this name.
        pub fn find(name: &str) -> Option<$crate::attack::Attack> {
            $(if name == stringify!($name) {
                return Some($name::ATTACK);
            })+
            None
        }
    };
}
pub(crate) use attacks;

/// Three users, two groups with a member each, and nothing else.
pub const HONEST: Attack = Attack { check: scope, read: page, invoke: |_| Ok(Outcome::default()) };

/// The scope of an honest connector.
pub fn scope() -> Result<Scope> {
    Ok(Scope { organization: "mallory".to_owned(), label: "Mallory".to_owned(), ..Scope::default() })
}

/// The page of an honest connector.
pub fn page(asked: &Asked) -> Result<Page> {
    let records = match (asked.feed.as_str(), &asked.parent) {
        ("users", _) => users(1..=3),
        ("groups", _) => Records { groups: Some((1..=2).map(group).collect()), ..Records::default() },
        (_, Some(parent)) => Records { grants: Some(vec![member("u1", parent)]), ..Records::default() },
        _ => Records::default(),
    };
    Ok(whole(records))
}

/// These records as the only page of their feed.
pub fn whole(records: Records) -> Page {
    let lists = [
        records.users.as_ref().map_or(0, Vec::len),
        records.groups.as_ref().map_or(0, Vec::len),
        records.grants.as_ref().map_or(0, Vec::len),
    ];
    let rows = u32::try_from(lists.iter().sum::<usize>()).unwrap_or(u32::MAX);
    Page { records, skipped: None, rows, total: Some(rows), progress: Progress::Complete }
}

/// So many users.
pub fn users(numbers: impl IntoIterator<Item = u32>) -> Records {
    Records { users: Some(numbers.into_iter().map(user).collect()), ..Records::default() }
}

/// One user.
pub fn user(number: u32) -> User {
    User { id: format!("u{number}"), email: Some(format!("u{number}@mallory.example")), ..User::default() }
}

/// One group.
pub fn group(number: u32) -> Group {
    Group { id: format!("g{number}"), name: format!("Group {number}"), ..Group::default() }
}

/// A user's membership.
pub fn member(user: &str, group: &str) -> Grant {
    Grant::new(Reference::user(user), Reference::group(group))
}

/// What the attacker found out, for the test to read.
pub fn report(found: impl Into<String>) -> Failure {
    Failure::unexpected(found.into())
}
