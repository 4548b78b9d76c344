//! The guard: how much may be lost at once before removals wait for a person. Pure: counts in, reasons out.
//!
//! | kind | held when more than |
//! |---|---|
//! | users, licenses | 500, or max(3, 10 %); 5 % where no total was confirmed |
//! | of users, those who were active | the same share of these alone, or all of three or more |
//! | groups, roles, applications, assets | max(3, 10 %) |
//! | grants | max(25, 20 %), or half of the holders of any one target that has ten or more |
//! | any kind of three or more | all of them |
//! | changed e-mail addresses of users | max(3, 10 %) |
//!
//! Lost is what is missing, and users that have become inactive or suspended. It is counted by kind, against the number of 24 hours ago,
//! with what was lost since and with what waits for a person already, so that many small losses add up. Any one of these holds all removals
//! of the session.
//!
//! Accounts that are out of use pile up: the more of them there are, the more would a share of all users let everybody else lose. So users
//! who were active (neither inactive nor suspended) are judged once more, apart from the others.

mod told;

use std::collections::BTreeSet;

use headcount_model::{Kind, Scope};

use crate::words::grouped;

/// Over how long losses add up, in microseconds: 24 hours.
pub const WINDOW: i64 = 24 * 3_600 * 1_000_000;

/// How much of one kind may be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Threshold {
    /// Never more than so many.
    pub most: Option<u64>,
    /// So many always.
    pub least: u64,
    /// Otherwise this share, in percent.
    pub percent: u64,
    /// The share where the vendor stated no total, in percent.
    pub unconfirmed_percent: u64,
}

impl Threshold {
    const fn of(least: u64, percent: u64) -> Self {
        Threshold { most: None, least, percent, unconfirmed_percent: percent }
    }

    /// How many of `of` may be lost.
    pub fn allows(&self, of: u64, confirmed: bool) -> u64 {
        let percent = if confirmed { self.percent } else { self.unconfirmed_percent };
        // In 128 bits nothing overflows, and the result is never more than `of` where percents are.
        let share = u64::try_from(u128::from(of) * u128::from(percent) / 100).unwrap_or(u64::MAX);
        let allowed = share.max(self.least);
        self.most.map_or(allowed, |most| allowed.min(most))
    }

    /// Why a loss is too much, if it is: more than may be lost, or all of so many.
    fn exceeded(&self, all_from: u64, loss: &Loss, whose: &Losers) -> Option<String> {
        let all =
            loss.of >= all_from && loss.lost >= loss.of || loss.present >= all_from && loss.now + loss.waiting >= loss.present;
        let allowed = self.allows(loss.of, loss.confirmed);
        if loss.now == 0 || !all && loss.lost <= allowed {
            return None;
        }
        let bound = if loss.lost > allowed {
            format!("more than {} wait for a person", self.told(loss))
        } else if loss.now + loss.waiting >= loss.present {
            "none would be left".to_owned()
        } else {
            format!("as many as there were 24 hours ago, {}", grouped(loss.of))
        };
        Some(format!("{}: {bound}", loss.told(whose)))
    }
}

/// When removals wait for a person. The default is the table above.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// Of users and licenses.
    pub users: Threshold,
    /// Of groups, roles, applications and assets.
    pub others: Threshold,
    /// Of grants.
    pub grants: Threshold,
    /// Of changed e-mail addresses.
    pub keys: Threshold,
    /// Losing all is too much from so many on.
    pub all_from: u64,
    /// Losing more than half of a target's holders is too much from so many holders on.
    pub holders_from: u64,
}

impl Default for Guard {
    fn default() -> Self {
        Guard {
            users: Threshold { most: Some(500), least: 3, percent: 10, unconfirmed_percent: 5 },
            others: Threshold::of(3, 10),
            grants: Threshold::of(25, 20),
            keys: Threshold::of(3, 10),
            all_from: 3,
            holders_from: 10,
        }
    }
}

/// What a sync is held to when it is applied.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SyncRules {
    /// When its removals wait for a person.
    pub guard: Guard,
    /// Kinds of which the vendor stated how many there are, and that many were read.
    pub confirmed: BTreeSet<Kind>,
    /// Everything was read: removals that wait are replaced by those of this session.
    pub complete: bool,
    /// Whether absences were judged: the scope was no narrower than the baseline's.
    pub judged: bool,
    /// What is too much stays and waits for nobody: the next sync finds it again and judges it. For what is no sync of its own.
    pub defers: bool,
}

/// That a session read another organisation than the one whose records the connection holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    /// What the credential sees: the connection's baseline, once a person accepts it.
    pub scope: Scope,
    /// Why it waits.
    pub reason: String,
}

/// Of whom something would be lost.
enum Losers {
    /// All records of a kind.
    All(Kind),
    /// Users who are neither inactive nor suspended.
    ActiveUsers,
}

/// What would be lost of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loss {
    /// In this session, in the 24 hours before without a person's consent, and what waits.
    pub lost: u64,
    /// In this session alone.
    pub now: u64,
    /// Those of them that are at the vendor still, and have become inactive or suspended there.
    pub inactive: u64,
    /// What waits for a person since an earlier session, and is not lost in this one.
    pub waiting: u64,
    /// There were so many 24 hours ago.
    pub of: u64,
    /// There are so many before anything is taken away.
    pub present: u64,
    /// Whether the vendor stated how many there are, and that many were read.
    pub confirmed: bool,
}

impl Guard {
    /// Why the loss of records of a kind is too much, if it is.
    pub fn records(&self, kind: Kind, loss: &Loss) -> Option<String> {
        let threshold = match kind {
            Kind::User | Kind::License => self.users,
            Kind::Grant => self.grants,
            Kind::Group | Kind::Role | Kind::Application | Kind::Asset => self.others,
        };
        threshold.exceeded(self.all_from, loss, &Losers::All(kind))
    }

    /// Why so many of the users who were active are too many to lose at once, if they are.
    pub fn active_users(&self, loss: &Loss) -> Option<String> {
        self.users.exceeded(self.all_from, loss, &Losers::ActiveUsers)
    }

    /// Why so many changed e-mail addresses are too many, if they are.
    pub fn keys(&self, loss: &Loss) -> Option<String> {
        let allowed = self.keys.allows(loss.of, true);
        let too_many = loss.now > 0 && loss.lost > allowed;
        too_many.then(|| {
            let (lost, of) = (grouped(loss.lost), grouped(loss.of));
            format!("the e-mail addresses of {lost} of {of} users would change: more than {}", grouped(allowed))
        })
    }

    /// Whether a target loses too many of its holders.
    pub fn holders(&self, lost: u64, of: u64) -> bool {
        of >= self.holders_from && u128::from(lost) * 2 > u128::from(of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(kind: Kind, lost: u64, of: u64, confirmed: bool) -> bool {
        let loss = Loss { lost, now: lost, of, present: of, confirmed, waiting: 0, ..Loss::default() };
        Guard::default().records(kind, &loss).is_some()
    }

    #[test]
    fn each_threshold_holds_one_more_than_it_allows() {
        for (kind, allowed, of, confirmed) in [
            (Kind::User, 3, 4, true),
            (Kind::User, 3, 30, true),
            (Kind::User, 10, 100, true),
            (Kind::User, 5, 100, false),
            (Kind::User, 500, 5_000, true),
            (Kind::User, 500, 100_000, true),
            (Kind::License, 500, 100_000, false),
            (Kind::License, 50, 1_000, false),
            (Kind::Group, 3, 20, true),
            (Kind::Role, 10, 100, false),
            (Kind::Application, 1_000, 10_000, true),
            (Kind::Asset, 3, 30, true),
            (Kind::Grant, 25, 100, true),
            (Kind::Grant, 200, 1_000, false),
        ] {
            assert!(!held(kind, allowed, of, confirmed), "{allowed} of {of} {kind}");
            assert!(held(kind, allowed + 1, of, confirmed), "{allowed} + 1 of {of} {kind}");
        }
    }

    #[test]
    fn all_of_three_or_more_are_too_many_and_two_are_not() {
        for kind in Kind::ALL {
            assert!(held(kind, 3, 3, true), "{kind}");
            assert!(!held(kind, 2, 2, true), "{kind}");
            assert!(!held(kind, 0, 0, true), "{kind}");
        }
        // None is left, though there were more 24 hours ago.
        let last = Loss { lost: 3, now: 3, of: 40, present: 3, confirmed: true, waiting: 0, ..Loss::default() };
        assert!(Guard::default().records(Kind::User, &last).is_some());
        // The last one that does not wait.
        let alone = Loss { lost: 4, now: 1, of: 100, present: 4, confirmed: true, waiting: 3, ..Loss::default() };
        assert!(Guard::default().records(Kind::User, &alone).is_some());
        assert!(Guard::default().records(Kind::User, &Loss { waiting: 2, ..alone }).is_none());
    }

    #[test]
    fn small_losses_add_up_but_only_a_new_one_holds() {
        let loss = |now| Loss { lost: 9 + now, now, of: 100, present: 91, confirmed: true, waiting: 0, ..Loss::default() };
        assert_eq!(Guard::default().records(Kind::User, &loss(1)), None);
        let reason = Guard::default().records(Kind::User, &loss(2)).unwrap();
        assert!(
            reason.contains(
                "2 of 91 users are missing at the vendor, 9 more were lost in the 24 hours before: more than 10 (10 % of"
            ),
            "{reason}"
        );
        assert_eq!(Guard::default().records(Kind::User, &Loss { lost: 50, ..loss(0) }), None);
    }

    #[test]
    fn what_waits_counts_with_what_is_lost_now() {
        let loss = |now| Loss { lost: 8 + now, now, of: 100, present: 100, confirmed: true, waiting: 8, ..Loss::default() };
        assert_eq!(Guard::default().records(Kind::User, &loss(2)), None);
        let reason = Guard::default().records(Kind::User, &loss(3)).unwrap();
        assert_eq!(
            reason,
            "3 of 100 users are missing at the vendor, 8 more were waiting already: more than 10 (10 %) wait for a person"
        );
        assert_eq!(Guard::default().records(Kind::User, &Loss { lost: 50, waiting: 50, ..loss(0) }), None);
    }

    #[test]
    fn users_who_were_active_are_judged_apart() {
        let of = |present: u64, now: u64| Loss { lost: now, now, inactive: now, of: present, present, ..Loss::default() };
        let reason = |loss: Loss| Guard::default().active_users(&Loss { confirmed: true, ..loss });
        assert_eq!((reason(of(5, 3)), reason(of(2, 2)), reason(of(5, 0)), reason(of(60, 6))), (None, None, None, None));
        let all = reason(of(3, 3)).unwrap();
        assert_eq!(all, "all 3 users who were active are newly inactive at the vendor: none would be left");
        let many = reason(of(60, 7)).unwrap();
        assert_eq!(many, "7 of 60 users who were active are newly inactive at the vendor: more than 6 (10 %) wait for a person");
        let last = reason(Loss { lost: 4, ..of(1, 1) }).unwrap();
        assert_eq!(
            last,
            "all 1 user who was active is newly inactive at the vendor, 3 more were lost in the 24 hours before: more than 3 wait for a person"
        );
    }

    #[test]
    fn half_of_ten_holders_may_go_and_keys_have_a_bound_of_their_own() {
        let guard = Guard::default();
        assert!(!guard.holders(5, 10) && guard.holders(6, 10) && !guard.holders(9, 9) && guard.holders(u64::MAX, u64::MAX));
        let keys =
            |lost| guard.keys(&Loss { lost, now: lost, of: 50, present: 50, confirmed: false, waiting: 0, ..Loss::default() });
        assert!(keys(5).is_none() && keys(6).unwrap().contains("6 of 50 users"));
    }
}
