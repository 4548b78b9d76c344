//! The vendor of the property test: a company, what a credential may see of it, and what a connector says of that.

use std::collections::{BTreeMap, BTreeSet};

use headcount_model::mapping::{Effect, FilterRule};
use headcount_model::{Failure, FailureCode, Grant, Group, Kind, Page, Progress, Records, Reference, User, UserStatus};

use crate::model;
use crate::model::{Face, Id, Told, ends, kind, member};
use crate::script::{Script, failure, page, scope};

pub const USERS: u32 = 60;
pub const GROUPS: u32 = 4;

/// What goes wrong in a sync.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trouble {
    None,
    /// The list of users ends in its middle.
    UsersCutShort,
    /// Groups can't be read.
    NoGroups,
    /// One group's members can't be read.
    NoMembersOf(u32),
    /// The vendor does not answer at all.
    Down,
    /// The credential sees less: not every third user, and not the last group.
    Narrower,
}

/// What the vendor says of how many users there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Total {
    Unstated,
    Right,
    /// One more than it lists.
    Wrong,
}

/// What is dropped as out of scope.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Sieve {
    #[default]
    Nothing,
    /// Users with this address.
    Address(u8),
    /// Users but those with this address.
    AllBut(u8),
    Group(u32),
}

impl Sieve {
    pub fn rules(self) -> Vec<FilterRule> {
        let rule = |kind, effect, when| vec![FilterRule { name: "sieve".into(), kind, effect, when }];
        match self {
            Sieve::Nothing => Vec::new(),
            Sieve::Address(address) => rule(Kind::User, Effect::Drop, format!("user.email.endsWith('@{address}.example')")),
            Sieve::AllBut(address) => rule(Kind::User, Effect::Keep, format!("user.email.endsWith('@{address}.example')")),
            Sieve::Group(group) => rule(Kind::Group, Effect::Drop, format!("group.id == '{}'", name(100 + group))),
        }
    }

    fn drops(self, id: Id, face: Face) -> bool {
        match self {
            Sieve::Nothing => false,
            Sieve::Address(address) => kind(id) == model::Kind::User && face.address == address,
            Sieve::AllBut(address) => kind(id) == model::Kind::User && face.address != address,
            Sieve::Group(group) => id == 100 + group,
        }
    }
}

/// What is done to the vendor's company.
#[derive(Clone, Debug)]
pub enum Change {
    /// It becomes this one.
    Anew { users: u64, inactive: u64, addresses: u64, groups: u32, members: u64 },
    /// Only a few things change. Who is there leaves, and who isn't comes.
    Slight { leavers: Vec<u32>, idle: u32, moved: u32 },
}

/// How the vendor answers in one sync.
#[derive(Clone, Copy, Debug)]
pub struct Night {
    pub trouble: Trouble,
    pub total: Total,
    pub test: bool,
}

/// The vendor's company.
#[derive(Clone, Debug, Default)]
pub struct Vendor {
    users: BTreeMap<Id, Face>,
    pub groups: BTreeSet<Id>,
    members: BTreeSet<Id>,
}

impl Vendor {
    pub fn change(&mut self, change: &Change) {
        match change {
            Change::Anew { users, inactive, addresses, groups, members } => {
                let bit = |mask: u64, user: u32| mask >> user & 1 == 1;
                let face = |user: u32| Face { inactive: bit(*inactive, user), address: bit(*addresses, user).into() };
                self.users = (0..USERS).filter(|user| bit(*users, *user)).map(|user| (user, face(user))).collect();
                self.groups = (0..GROUPS).filter(|group| groups >> group & 1 == 1).map(|group| 100 + group).collect();
                let pairs = (0..USERS).flat_map(|user| (0..GROUPS).map(move |group| (user, group)));
                // Of each group, about every third user.
                let chosen = pairs.filter(|(user, group)| bit(members.rotate_left(group * 17) & members.rotate_right(3), *user));
                self.members = chosen.map(|(user, group)| member(user, 100 + group)).collect();
            }
            Change::Slight { leavers, idle, moved } => {
                for leaver in leavers {
                    if self.users.remove(leaver).is_none() {
                        self.users.insert(*leaver, Face::default());
                    }
                }
                if let Some(face) = self.users.get_mut(idle) {
                    face.inactive = !face.inactive;
                }
                if let Some(face) = self.users.get_mut(moved) {
                    face.address = (face.address + 1) % 3;
                }
            }
        }
    }

    /// What a sync is told that night, and drops by this sieve.
    pub fn told(&self, night: Night, sieve: Sieve) -> Told {
        let Night { trouble, total, test } = night;
        let no_groups = trouble == Trouble::NoGroups;
        let cut = trouble == Trouble::UsersCutShort;
        let narrow = trouble == Trouble::Narrower;
        let sees = |id: Id| !narrow || if id < 100 { !id.is_multiple_of(3) } else { id != 99 + GROUPS };
        let seen: BTreeSet<Id> = self.groups.iter().copied().filter(|id| !no_groups && sees(*id)).collect();
        let users = self.users.iter().filter(|(id, _)| sees(**id));
        let users = users.take(if cut { self.users.len() / 2 } else { usize::MAX });
        let mut records: BTreeMap<Id, Face> = users.map(|(id, face)| (*id, *face)).collect();
        records.extend(seen.iter().map(|id| (*id, Face::default())));
        let dropped: BTreeMap<Id, Face> =
            records.iter().filter(|(id, face)| sieve.drops(**id, **face)).map(|(id, face)| (*id, *face)).collect();
        records.retain(|id, _| !dropped.contains_key(id));
        // Who is in a group that is out of scope is not asked.
        let asked: BTreeSet<Id> = seen.into_iter().filter(|id| !dropped.contains_key(id)).collect();
        let members_of: BTreeSet<Id> =
            asked.iter().copied().filter(|group| trouble != Trouble::NoMembersOf(group - 100)).collect();
        let members = self.members.iter().filter(|id| members_of.contains(&ends(**id)[1]) && sees(ends(**id)[0]));
        records.extend(members.map(|id| (*id, Face::default())));
        let (listed, whole) = (!cut && total != Total::Wrong, members_of.len() == asked.len());
        let ids = (0..USERS).chain(100..100 + GROUPS);
        let out = ids.flat_map(|id| (0..3).map(move |address| (id, address)));
        let out = out.filter(|(id, address)| sieve.drops(*id, Face { inactive: false, address: *address })).collect();
        Told {
            records,
            dropped,
            out,
            users: listed,
            groups: !no_groups,
            members_of,
            complete: listed && !no_groups && whole,
            confirmed: listed && total == Total::Right,
            judged: !narrow,
            test,
        }
    }
}

pub fn name(id: Id) -> String {
    format!("{id:04}")
}

fn record(id: Id, face: Face, records: &mut Records) {
    match kind(id) {
        model::Kind::User => records.users.push(User {
            id: name(id),
            email: Some(format!("{id}@{}.example", face.address)),
            status: face.inactive.then_some(UserStatus::Inactive),
            ..User::default()
        }),
        model::Kind::Group => records.groups.push(Group { id: name(id), name: "g".to_owned(), ..Group::default() }),
        model::Kind::Member => {
            let [user, group] = ends(id);
            records.grants.push(Grant::new(Reference::new(Kind::User, name(user)), Reference::new(Kind::Group, name(group))));
        }
    }
}

/// What a connector says of this.
pub fn script(told: &Told, night: Night) -> Script {
    let (told, Night { trouble, total, .. }) = (told.clone(), night);
    let teams: &[&str] = if trouble == Trouble::Narrower { &["a"] } else { &["a", "b"] };
    let answer = if trouble == Trouble::Down { Err(failure(FailureCode::Unavailable)) } else { Ok(scope(teams)) };
    let broken = || Failure::new(FailureCode::Unavailable, "as told");
    let read = move |feed: &str, parent: Option<&str>, _: Option<&str>, _: u32| {
        let of = |wanted: &dyn Fn(Id) -> bool| {
            let mut records = Records::default();
            let all = told.records.iter().chain(&told.dropped);
            all.filter(|(id, _)| wanted(**id)).for_each(|(id, face)| record(*id, *face, &mut records));
            records
        };
        Ok::<Page, _>(match feed {
            "users" => {
                let cut = trouble == Trouble::UsersCutShort;
                let end = if cut { Progress::Partial(broken()) } else { Progress::Complete };
                let listed = page(of(&|id| kind(id) == model::Kind::User), end);
                let total = match total {
                    Total::Unstated => None,
                    Total::Right => Some(listed.rows),
                    Total::Wrong => Some(listed.rows + 1),
                };
                Page { total, ..listed }
            }
            "groups" if !told.groups => return Err(failure(FailureCode::Unavailable)),
            "groups" => page(of(&|id| kind(id) == model::Kind::Group), Progress::Complete),
            "members" => {
                let group: Id = parent.and_then(|parent| parent.parse().ok()).unwrap();
                if !told.members_of.contains(&group) {
                    return Err(failure(FailureCode::Unavailable));
                }
                page(of(&|id| kind(id) == model::Kind::Member && ends(id)[1] == group), Progress::Complete)
            }
            _ => page(Records::default(), Progress::Complete),
        })
    };
    Script::new(read).checks(std::iter::once(answer))
}
