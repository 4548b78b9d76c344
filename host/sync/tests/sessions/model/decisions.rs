//! What a person decides, in the model.

use std::collections::BTreeSet;

use super::{DAY, How, Id, Kind, Model, Waiting, ends, is_active, kind};

impl Model {
    /// Does what a session held; says whether it held anything.
    pub fn release(&mut self, session: i64, now: i64) -> bool {
        if !self.holds.contains_key(&session) {
            return false;
        }
        let held: Vec<_> =
            self.held.iter().filter(|(_, held)| held.session == session).map(|(key, held)| (*key, *held)).collect();
        let mut gone: BTreeSet<Id> = BTreeSet::new();
        let unchanged = |model: &Model, id: Id, held: &Waiting| model.has(id) && model.rows[&id].face == held.face;
        let held: Vec<_> = held.into_iter().filter(|((id, _), held)| unchanged(self, *id, held)).collect();
        for ((id, how), held) in &held {
            let row = self.rows.get_mut(id).unwrap();
            match how {
                How::Inactive => row.face.inactive = held.next.inactive,
                How::Rekeyed => row.face.address = held.next.address,
                How::Lost if held.follows => {} // Only if an end goes: below.
                How::Lost => {
                    gone.insert(*id);
                }
            }
        }
        let members: Vec<Id> = self.present().into_keys().filter(|id| kind(*id) == Kind::Member).collect();
        gone.extend(members.into_iter().filter(|id| ends(*id).into_iter().any(|end| gone.contains(&end))).collect::<Vec<_>>());
        for id in &gone {
            self.rows.get_mut(id).unwrap().gone_at = Some(now);
            self.removed.entry(session).or_default().push((*id, now));
        }
        for of in gone.iter().map(|id| kind(*id)).collect::<BTreeSet<_>>() {
            self.totals.insert(of, vec![(now, self.count(of))]);
            if of == Kind::User {
                self.active = vec![(now, self.present().iter().filter(|(id, face)| is_active(**id, **face)).count())];
            }
        }
        self.held.retain(|_, held| held.session != session);
        self.tidy();
        true
    }

    /// Turns down what waits.
    pub fn reject(&mut self, session: i64) -> bool {
        match self.holds.get_mut(&session) {
            Some(waits) if *waits => {
                *waits = false;
                true
            }
            _ => false,
        }
    }

    /// Turns down what has waited for 28 days; gives the sessions.
    pub fn expire(&mut self, now: i64) -> Vec<i64> {
        let open = self.open().filter(|_| self.since <= now - 28 * DAY);
        open.into_iter().filter(|session| self.reject(*session)).collect()
    }

    /// Brings back what a session removed, as far as it is as the session left it.
    pub fn undo(&mut self, session: i64) {
        let removed = self.removed.get(&session).cloned().unwrap_or_default();
        let mut removed: Vec<_> = removed.into_iter().collect();
        removed.sort();
        for (id, at) in removed {
            let whole = kind(id) != Kind::Member || ends(id).into_iter().all(|end| self.has(end));
            if self.rows[&id].gone_at == Some(at) && whole {
                let row = self.rows.get_mut(&id).unwrap();
                row.gone_at = None;
                let face = row.face;
                self.holds.entry(session).or_insert(false);
                self.held.insert((id, How::Lost), Waiting { session, face, next: face, follows: false });
            }
        }
    }
}
