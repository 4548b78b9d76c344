//! A simple model of what syncs leave in the store, written apart from it: sets in memory, and the rules in as few words as they take.
//!
//! Records are numbers: users below 100, groups from 100, memberships 1,000 + 10 × user + group.

mod decisions;
mod judging;

use std::collections::{BTreeMap, BTreeSet};

/// A day, in hours: the model's clock.
const DAY: i64 = 24;

pub type Id = u32;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    User,
    Group,
    Member,
}

pub fn kind(id: Id) -> Kind {
    match id {
        0..100 => Kind::User,
        100..1_000 => Kind::Group,
        _ => Kind::Member,
    }
}

fn is_active(id: Id, face: Face) -> bool {
    kind(id) == Kind::User && !face.inactive
}

pub fn member(user: Id, group: Id) -> Id {
    1_000 + 10 * user + (group - 100)
}

pub fn ends(member: Id) -> [Id; 2] {
    [(member - 1_000) / 10, 100 + (member - 1_000) % 10]
}

/// What may change of a record: whether it is inactive, and which address it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Face {
    pub inactive: bool,
    pub address: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    Lost,
    Inactive,
    Rekeyed,
}

/// What a session was told.
#[derive(Clone, Debug)]
pub struct Told {
    pub records: BTreeMap<Id, Face>,
    /// What is listed, too, and out of scope.
    pub dropped: BTreeMap<Id, Face>,
    /// Which records are out of scope with which addresses, listed or not.
    pub out: BTreeSet<(Id, u8)>,
    /// Whether users, and groups, were listed to the end.
    pub users: bool,
    pub groups: bool,
    /// Groups whose members were listed to the end.
    pub members_of: BTreeSet<Id>,
    /// Whether everything was listed to the end that was asked for.
    pub complete: bool,
    /// Whether as many users were listed as the vendor says there are.
    pub confirmed: bool,
    /// Whether the credential saw as much as before.
    pub judged: bool,
    pub test: bool,
}

impl Told {
    /// Whether a record is listed, in scope or not.
    fn lists(&self, id: Id) -> bool {
        self.records.contains_key(&id) || self.dropped.contains_key(&id)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    pub create: Option<bool>,
    pub update: Option<bool>,
    /// 0: missing, 1: inactive, 2: never.
    pub deactivate: u8,
    pub people_only: bool,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    face: Face,
    gone_at: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    session: i64,
    face: Face,
    next: Face,
    /// It only goes with an end.
    follows: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Model {
    rows: BTreeMap<Id, Row>,
    totals: BTreeMap<Kind, Vec<(i64, usize)>>,
    /// The same of users who are not inactive.
    active: Vec<(i64, usize)>,
    losses: BTreeMap<(Id, How), i64>,
    /// Sessions whose removals wait (true) or were turned down.
    holds: BTreeMap<i64, bool>,
    /// Since when removals have waited, in whichever session.
    since: i64,
    held: BTreeMap<(Id, How), Waiting>,
    removed: BTreeMap<i64, Vec<(Id, i64)>>,
    pub wishes: Wishes,
}

impl Model {
    pub fn present(&self) -> BTreeMap<Id, Face> {
        self.rows.iter().filter(|(_, row)| row.gone_at.is_none()).map(|(id, row)| (*id, row.face)).collect()
    }

    fn has(&self, id: Id) -> bool {
        self.rows.get(&id).is_some_and(|row| row.gone_at.is_none())
    }

    fn count(&self, of: Kind) -> usize {
        self.present().keys().filter(|id| kind(**id) == of).count()
    }

    /// Sessions that wait or were turned down, with how many records.
    pub fn holds(&self) -> BTreeMap<i64, (bool, usize)> {
        let records = |session: i64| {
            let ids: BTreeSet<Id> =
                self.held.iter().filter(|(_, held)| held.session == session).map(|((id, _), _)| *id).collect();
            ids.len()
        };
        self.holds.iter().map(|(session, waits)| (*session, (*waits, records(*session)))).collect()
    }

    fn open(&self) -> Option<i64> {
        self.holds.iter().find(|(_, waits)| **waits).map(|(session, _)| *session)
    }

    /// What would be taken away, and whether it stays whatever is decided; and memberships that only go with an end.
    fn lost(&self, told: &Told) -> (BTreeMap<(Id, How), bool>, BTreeSet<Id>) {
        let mut follows = BTreeSet::new();
        let mut lost: BTreeMap<(Id, How), bool> = BTreeMap::new();
        let waits = |(id, how): (Id, How)| {
            self.held.get(&(id, how)).is_some_and(|held| {
                // Another address than the one that was turned down is another change.
                let same = how != How::Rekeyed || told.records[&id].address == held.next.address;
                same && !(self.holds[&held.session] && told.complete && told.judged)
            })
        };
        for (id, face) in told.records.iter().filter(|(id, _)| kind(**id) == Kind::User && self.has(**id)) {
            let before = self.rows[id].face;
            if self.wishes.update == Some(false) {
                continue;
            }
            if face.inactive && !before.inactive {
                lost.insert((*id, How::Inactive), self.wishes.deactivate == 2 || waits((*id, How::Inactive)));
            }
            if face.address != before.address {
                lost.insert((*id, How::Rekeyed), waits((*id, How::Rekeyed)));
            }
        }
        for id in self.present().into_keys().filter(|id| !told.lists(*id)) {
            // Who is out of scope was not asked what he holds.
            let read = |end: Id| !told.dropped.contains_key(&end) && (self.wishes.deactivate == 0 || told.lists(end));
            let known = kind(id) != Kind::Member || ends(id).into_iter().all(read);
            let missing = told.judged
                && match kind(id) {
                    Kind::User => told.users && self.wishes.deactivate == 0,
                    Kind::Group => told.groups && self.wishes.deactivate == 0 && !self.wishes.people_only,
                    Kind::Member => told.members_of.contains(&ends(id)[1]) && !self.wishes.people_only,
                };
            if missing && known {
                lost.insert((id, How::Lost), waits((id, How::Lost)));
            }
        }
        // Memberships go with their ends.
        for id in self.present().into_keys().filter(|id| kind(*id) == Kind::Member) {
            let ended = ends(id).into_iter().any(|end| lost.get(&(end, How::Lost)) == Some(&false));
            if ended && lost.get(&(id, How::Lost)) != Some(&false) {
                lost.insert((id, How::Lost), false);
                follows.insert(id);
            }
        }
        (lost, follows)
    }

    /// What a session leaves.
    pub fn run(&mut self, session: i64, told: &Told, now: i64) {
        if told.test {
            return;
        }
        let told = &self.with_what_is_out(told);
        let (lost, follows) = self.lost(told);
        let (holds, keys) = self.judge(told, &lost, now);
        let stays = |how: How, waits: bool| waits || if how == How::Rekeyed { keys } else { holds };
        let covered = |of: Kind| of == Kind::User || !self.wishes.people_only;
        let (create, update) = (self.wishes.create != Some(false), self.wishes.update != Some(false));
        let mut rows = self.rows.clone();
        for ((id, how), waits) in &lost {
            if *how == How::Lost && !stays(*how, *waits) {
                rows.get_mut(id).unwrap().gone_at = Some(now);
                self.removed.entry(session).or_default().push((*id, now));
            }
        }
        for (id, face) in told.records.iter().filter(|(id, _)| covered(kind(**id))) {
            let there = |end: Id| rows.get(&end).is_some_and(|row| row.gone_at.is_none());
            if kind(*id) == Kind::Member && !ends(*id).into_iter().all(there) {
                continue;
            }
            match rows.get_mut(id) {
                None if create || kind(*id) == Kind::Member => {
                    rows.insert(*id, Row { face: *face, gone_at: None });
                }
                None => {}
                // A membership that has just gone with an end is not brought back by the list.
                Some(row) if row.gone_at.is_some() && lost.contains_key(&(*id, How::Lost)) => {}
                Some(row) if row.gone_at.is_some() => *row = Row { face: *face, gone_at: None },
                Some(row) if update => {
                    let kept = |how| lost.get(&(*id, how)).is_some_and(|waits| stays(how, *waits));
                    let (inactive, address) = (kept(How::Inactive), kept(How::Rekeyed));
                    row.face = Face {
                        inactive: if inactive { row.face.inactive } else { face.inactive },
                        address: if address { row.face.address } else { face.address },
                    };
                }
                Some(_) => {}
            }
        }
        self.rows = rows;
        self.hold((session, now), told, (&lost, &follows), (holds, keys));
        for of in [Kind::User, Kind::Group, Kind::Member] {
            let present = self.in_scope(of, told);
            if !(of != Kind::User && self.wishes.people_only) && self.was_counted(of, told, &lost) {
                self.totals.entry(of).or_default().push((now, present));
                if of == Kind::User {
                    let active = self
                        .present()
                        .iter()
                        .filter(|(id, face)| is_active(**id, **face) && !told.dropped.contains_key(id))
                        .count();
                    self.active.push((now, active));
                }
            }
        }
        self.losses.retain(|_, at| *at > now - DAY);
        for ((id, how), waits) in &lost {
            let applied = if holds { *how == How::Rekeyed && !keys } else { true };
            if !waits && applied {
                self.losses.insert((*id, *how), now);
            }
        }
    }

    /// What is not listed, and out of scope by what is stored of it, is not missing either.
    fn with_what_is_out(&self, told: &Told) -> Told {
        let mut told = told.clone();
        for (id, face) in self.present() {
            if kind(id) != Kind::Member && !told.lists(id) && told.out.contains(&(id, face.address)) {
                told.dropped.insert(id, face);
            }
        }
        told
    }

    /// How many are there, but for those that are out of scope.
    fn in_scope(&self, of: Kind, told: &Told) -> usize {
        self.present().keys().filter(|id| kind(**id) == of && !told.dropped.contains_key(id)).count()
    }

    /// A kind of which nothing was read, and nothing is there, is not counted.
    fn was_counted(&self, of: Kind, told: &Told, lost: &BTreeMap<(Id, How), bool>) -> bool {
        let any = told.records.keys().any(|id| kind(*id) == of);
        self.in_scope(of, told) > 0 || any || lost.keys().any(|(id, _)| kind(*id) == of)
    }

    fn hold(
        &mut self,
        (session, now): (i64, i64),
        told: &Told,
        (lost, follows): (&BTreeMap<(Id, How), bool>, &BTreeSet<Id>),
        (holds, keys): (bool, bool),
    ) {
        self.held = self.held_on(told, lost);
        let open = self.open();
        if let Some(open) = open
            && told.complete
            && told.judged
        {
            self.held.retain(|_, held| held.session != open);
        }
        if holds {
            self.since = open.map_or(now, |_| self.since);
            if let Some(open) = open {
                self.holds.remove(&open);
                self.held.values_mut().filter(|held| held.session == open).for_each(|held| held.session = session);
            }
            self.holds.insert(session, true);
            for ((id, how), waits) in lost {
                if !waits && (*how != How::Rekeyed || keys) {
                    let next = told.records.get(id).copied().unwrap_or_default();
                    self.held
                        .insert((*id, *how), Waiting { session, face: self.rows[id].face, next, follows: follows.contains(id) });
                }
            }
        }
        self.tidy();
    }

    /// What waits on, or stays turned down. What only goes with an end does so as long as one of its ends.
    fn held_on(&self, told: &Told, lost: &BTreeMap<(Id, How), bool>) -> BTreeMap<(Id, How), Waiting> {
        let held = self.held.iter().filter(|(key, held)| self.still_held(told, lost, **key, held));
        let mut held: BTreeMap<_, _> = held.map(|(key, held)| (*key, *held)).collect();
        let ended: BTreeSet<Id> = held.keys().filter(|(_, how)| *how == How::Lost).map(|(id, _)| *id).collect();
        held.retain(|(id, _), held| !held.follows || ends(*id).into_iter().any(|end| ended.contains(&end)));
        held
    }

    /// What waits, or was turned down, is there, and not listed as it was before.
    fn still_held(&self, told: &Told, lost: &BTreeMap<(Id, How), bool>, (id, how): (Id, How), held: &Waiting) -> bool {
        let listed = told.records.get(&id);
        let same = how != How::Rekeyed || listed.is_some_and(|face| face.address == held.next.address);
        let back = listed.is_some() || how == How::Lost && told.lists(id);
        self.has(id) && (lost.contains_key(&(id, how)) && same || !back)
    }

    fn tidy(&mut self) {
        let held = &self.held;
        self.holds.retain(|session, _| held.values().any(|held| held.session == *session));
    }
}
