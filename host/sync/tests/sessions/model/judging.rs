//! What is too much to be lost at once, in the model.

use std::collections::{BTreeMap, BTreeSet};

use super::{DAY, How, Id, Kind, Model, Told, ends, is_active, kind};

impl Model {
    /// Whether removals wait, and whether addresses do.
    pub(super) fn judge(&self, told: &Told, lost: &BTreeMap<(Id, How), bool>, now: i64) -> (bool, bool) {
        let mut verdict = (false, false);
        for of in [Kind::User, Kind::Group, Kind::Member] {
            let ids = |keys: bool| -> BTreeSet<Id> {
                let counts = |(id, how): &(Id, How)| kind(*id) == of && (*how == How::Rekeyed) == keys;
                lost.iter().filter(|(key, waits)| !**waits && counts(key)).map(|((id, _), _)| *id).collect()
            };
            let (gone, moved) = (ids(false), ids(true));
            if gone.is_empty() && moved.is_empty() {
                continue;
            }
            let waiting = |keys: bool, now: &BTreeSet<Id>| -> BTreeSet<Id> {
                let waits = self.still_waiting(told, lost);
                waits
                    .filter(|(id, how)| kind(*id) == of && (*how == How::Rekeyed) == keys && !now.contains(id))
                    .map(|(id, _)| id)
                    .collect()
            };
            let waits = [waiting(false, &gone), waiting(true, &moved)];
            let present = self.count(of) - self.stays(of, told, lost);
            let earlier = |keys: bool| {
                let mut ids: BTreeSet<Id> = BTreeSet::new();
                for ((id, how), at) in &self.losses {
                    let row = self.rows[id];
                    let listed = told.records.get(id);
                    let able = listed.is_some_and(|face| !face.inactive) && self.wishes.update != Some(false);
                    let still = match how {
                        How::Lost => !keys && row.gone_at.is_some() && !told.lists(*id),
                        How::Inactive => !keys && row.gone_at.is_none() && row.face.inactive && !able,
                        How::Rekeyed => keys,
                    };
                    let again = lost.keys().any(|(lost, _)| lost == id);
                    if kind(*id) == of && *at > now - DAY && still && !again && !waits[usize::from(keys)].contains(id) {
                        ids.insert(*id);
                    }
                }
                ids.len()
            };
            let base = self
                .totals
                .get(&of)
                .and_then(|totals| a_day_before(totals, now))
                .unwrap_or(present)
                .min(present + earlier(false));
            let (least, percent) =
                if of == Kind::Member { (25, 20) } else { (3, if of == Kind::User && !told.confirmed { 5 } else { 10 }) };
            let all = gone.len() + earlier(false) + waits[0].len();
            if !gone.is_empty() {
                let too_many = all > least.max(base * percent / 100);
                let every = base >= 3 && all >= base || present >= 3 && gone.len() + waits[0].len() >= present;
                verdict.0 |= too_many || every;
            }
            if !moved.is_empty() && moved.len() + earlier(true) + waits[1].len() > 3.max(base * 10 / 100) {
                verdict = (true, true);
            }
            if of == Kind::User {
                verdict.0 |= self.too_many_active(told, lost, now);
            }
            if of == Kind::Member && !gone.is_empty() {
                verdict.0 |= self.half_of_a_group(&gone, &waits[0], now);
            }
        }
        verdict
    }

    /// Whether too many of those lose their access who had it, however many others there are.
    fn too_many_active(&self, told: &Told, lost: &BTreeMap<(Id, How), bool>, now: i64) -> bool {
        let active = |id: Id| is_active(id, self.rows[&id].face);
        let going = lost.iter().filter(|((id, how), waits)| !**waits && *how != How::Rekeyed && active(*id));
        let going: BTreeSet<Id> = going.map(|((id, _), _)| *id).collect();
        if going.is_empty() {
            return false;
        }
        let waiting = self.still_waiting(told, lost).filter(|(id, how)| *how != How::Rekeyed && active(*id));
        let waiting: BTreeSet<Id> = waiting.map(|(id, _)| id).filter(|id| !going.contains(id)).collect();
        let turned_down = |id: Id| {
            [How::Lost, How::Inactive].into_iter().any(|how| {
                let decided = self.held.get(&(id, how)).is_some_and(|held| !self.holds[&held.session]);
                decided && lost.get(&(id, how)) == Some(&true)
            })
        };
        let can_be_lost = |id: &Id| active(*id) && !told.dropped.contains_key(id) && !turned_down(*id);
        let present = self.present().keys().filter(|id| can_be_lost(id)).count();
        let lost_before = |id: Id, how: How| {
            let row = self.rows[&id];
            let inactive_now = match told.records.get(&id) {
                Some(face) if row.gone_at.is_some() => face.inactive,
                // Whose address changes, too, is brought in later.
                Some(face) if self.wishes.update != Some(false) && !lost.contains_key(&(id, How::Rekeyed)) => {
                    row.face.inactive && face.inactive
                }
                _ => row.face.inactive,
            };
            match how {
                How::Lost => row.gone_at.is_some() && !told.lists(id) && !inactive_now,
                How::Inactive => inactive_now,
                How::Rekeyed => false,
            }
        };
        let before =
            self.losses.iter().filter(|((id, how), at)| kind(*id) == Kind::User && **at > now - DAY && lost_before(*id, *how));
        let before: BTreeSet<Id> = before.map(|((id, _), _)| *id).collect();
        let base = a_day_before(&self.active, now).unwrap_or(present).min(present + before.len());
        let all = going.len() + waiting.len() + before.len();
        let share = base * if told.confirmed { 10 } else { 5 } / 100;
        all > share.max(3) || base >= 3 && all >= base || present >= 3 && going.len() + waiting.len() >= present
    }

    /// How many can't be lost: they are missing and stay by a decision, or are out of scope.
    fn stays(&self, of: Kind, told: &Told, lost: &BTreeMap<(Id, How), bool>) -> usize {
        let declined = |id: Id| {
            let turned_down = self.held.get(&(id, How::Lost)).is_some_and(|held| !self.holds[&held.session]);
            turned_down && lost.get(&(id, How::Lost)) == Some(&true)
        };
        let out = |id: Id| match of {
            Kind::Member => ends(id).into_iter().any(|end| told.dropped.contains_key(&end)),
            _ => told.dropped.contains_key(&id),
        };
        let present = self.present();
        present.keys().filter(|id| kind(**id) == of && (declined(**id) || out(**id))).count()
    }

    /// What waits since earlier sessions, and is neither back nor judged anew.
    fn still_waiting(&self, told: &Told, lost: &BTreeMap<(Id, How), bool>) -> impl Iterator<Item = (Id, How)> {
        let decides = told.complete && told.judged;
        let held = self.held_on(told, lost).into_iter();
        held.filter(move |(_, held)| !decides && self.holds[&held.session]).map(|(key, _)| key)
    }

    fn half_of_a_group(&self, gone: &BTreeSet<Id>, waiting: &BTreeSet<Id>, now: i64) -> bool {
        let earlier = |id: Id| {
            let lost = self.losses.get(&(id, How::Lost)).is_some_and(|at| *at > now - DAY);
            lost && self.rows[&id].gone_at.is_some()
        };
        let groups: BTreeSet<Id> = gone.iter().map(|id| ends(*id)[1]).collect();
        groups.into_iter().any(|group| {
            let members = || self.rows.keys().filter(|id| kind(**id) == Kind::Member && ends(**id)[1] == group);
            let of = members().filter(|id| self.has(**id) || earlier(**id)).count();
            let lost = members().filter(|id| gone.contains(*id) || waiting.contains(*id) || earlier(**id)).count();
            of >= 10 && lost * 2 > of
        })
    }
}

fn a_day_before(totals: &[(i64, usize)], now: i64) -> Option<usize> {
    let old = totals.iter().rev().find(|(at, _)| *at <= now - DAY);
    old.or(totals.first()).map(|(_, present)| *present)
}
