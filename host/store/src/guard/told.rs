//! What is lost and how much would be too much, in words: nothing is called all that isn't.

use headcount_model::Kind;

use super::{Losers, Loss, Threshold};
use crate::words::{counted, grouped};

impl Losers {
    /// `230 users`, `5 users who were active`.
    fn told(&self, count: u64) -> String {
        match self {
            Losers::All(kind) => counted(count, *kind),
            Losers::ActiveUsers => {
                format!("{} who {} active", counted(count, Kind::User), if count == 1 { "was" } else { "were" })
            }
        }
    }
}

impl Loss {
    /// `115 of 230 users are missing at the vendor, 8 more were waiting already`.
    pub(super) fn told(&self, whose: &Losers) -> String {
        let be = if self.now == 1 { "is" } else { "are" };
        let what = match self.inactive {
            0 => "missing at the vendor".to_owned(),
            inactive if inactive >= self.now => "newly inactive at the vendor".to_owned(),
            inactive => format!("missing at the vendor, or newly inactive there ({})", grouped(inactive)),
        };
        let mut told = match self.now >= self.present {
            true => format!("all {} {be} {what}", whose.told(self.now)),
            false => format!("{} of {} {be} {what}", grouped(self.now), whose.told(self.present)),
        };
        let before = self.lost.saturating_sub(self.now).saturating_sub(self.waiting);
        for (count, what) in [(before, "lost in the 24 hours before"), (self.waiting, "waiting already")] {
            if count > 0 {
                told.push_str(&format!(", {} more {} {what}", grouped(count), if count == 1 { "was" } else { "were" }));
            }
        }
        told
    }
}

impl Threshold {
    /// `11 (5 % of the 230 of 24 hours ago, since the vendor states no total)`: how many may be lost, and why so many.
    pub(super) fn told(&self, loss: &Loss) -> String {
        let allowed = self.allows(loss.of, loss.confirmed);
        let percent = if loss.confirmed { self.percent } else { self.unconfirmed_percent };
        let mut why = Vec::new();
        if allowed != self.least && Some(allowed) != self.most {
            why.push(match loss.of == loss.present {
                true => format!("{percent} %"),
                false => format!("{percent} % of the {} of 24 hours ago", grouped(loss.of)),
            });
        }
        if allowed != self.allows(loss.of, true) {
            why.push("since the vendor states no total".to_owned());
        }
        let why = if why.is_empty() { String::new() } else { format!(" ({})", why.join(", ")) };
        format!("{}{why}", grouped(allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Guard;
    use super::*;

    #[test]
    fn a_reason_says_all_only_of_all_and_how_much_is_too_much() {
        let told = |loss: Loss| Guard::default().records(Kind::User, &loss).unwrap();
        // A hundred and fifteen came after the first sync of the day, and are missing again.
        let grew = Loss { lost: 115, now: 115, of: 115, present: 230, ..Loss::default() };
        assert_eq!(
            told(grew),
            "115 of 230 users are missing at the vendor: more than 5 (5 % of the 115 of 24 hours ago, since the vendor states no total) wait for a person"
        );
        assert_eq!(
            told(Loss { of: 230, ..grew }),
            "115 of 230 users are missing at the vendor: more than 11 (5 %, since the vendor states no total) wait for a person"
        );
        let many = Loss { lost: 9_840, now: 9_840, of: 9_840, present: 9_840, confirmed: true, inactive: 40, waiting: 0 };
        assert_eq!(
            told(many),
            "all 9,840 users are missing at the vendor, or newly inactive there (40): more than 500 wait for a person"
        );
        let three = Loss { lost: 3, now: 3, of: 3, present: 3, confirmed: true, ..Loss::default() };
        assert_eq!(told(three), "all 3 users are missing at the vendor: none would be left");
        assert!(told(Loss { present: 6, ..three }).starts_with("3 of 6 users are"));
    }
}
