//! A point in time, and the shapes in which the vendors write one.

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(pub i64);

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;
/// Microseconds in a day.
const DAY: i64 = 86_400 * SECOND;

/// A moment taken apart, in UTC.
struct Parts {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    micros: i64,
}

impl Moment {
    /// Midnight UTC of a civil date.
    pub(crate) const fn of_date(year: i64, month: i64, day: i64) -> Self {
        let y = if month <= 2 { year - 1 } else { year };
        let era = y.div_euclid(400);
        let of_era = y.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
        Moment(days * DAY)
    }

    /// This moment, some days earlier.
    pub fn minus_days(self, days: u64) -> Self {
        Moment(self.0 - i64::try_from(days).unwrap_or(0).saturating_mul(DAY))
    }

    /// This moment, some days later.
    pub fn plus_days(self, days: u64) -> Self {
        Moment(self.0 + i64::try_from(days).unwrap_or(0).saturating_mul(DAY))
    }

    /// This moment, some microseconds later.
    pub(crate) fn plus_micros(self, micros: u64) -> Self {
        Moment(self.0 + i64::try_from(micros).unwrap_or(0))
    }

    /// Whole days from `earlier` to this moment.
    pub fn days_since(self, earlier: Moment) -> i64 {
        (self.0 - earlier.0).div_euclid(DAY)
    }

    /// This moment without what is below a millisecond.
    pub fn to_millis(self) -> Self {
        Moment(self.0.div_euclid(1_000) * 1_000)
    }

    /// This moment without what is below a second.
    pub fn to_seconds(self) -> Self {
        Moment(self.0.div_euclid(SECOND) * SECOND)
    }

    /// The midnight of its day in UTC+3: what a license's last day looks like.
    pub(crate) fn to_day_east(self) -> Self {
        Moment((self.0 + 3 * 3_600 * SECOND).div_euclid(DAY) * DAY - 3 * 3_600 * SECOND)
    }

    /// `2026-05-31T00:00:00.000+03:00`
    pub fn east_millis(self) -> String {
        let p = Moment(self.0 + 3 * 3_600 * SECOND).parts();
        format!("{}.{:03}+03:00", p.date_time('T'), p.micros / 1_000)
    }

    /// `2026-05-31T07:12:08.123Z`
    pub fn millis(self) -> String {
        let p = self.parts();
        format!("{}.{:03}Z", p.date_time('T'), p.micros / 1_000)
    }

    /// `2026-05-31T07:12:08Z`
    pub fn seconds(self) -> String {
        format!("{}Z", self.parts().date_time('T'))
    }

    /// `2026-05-31T07:12:08.123456Z`
    pub fn micros(self) -> String {
        let p = self.parts();
        format!("{}.{:06}Z", p.date_time('T'), p.micros)
    }

    /// `2026-05-31 07:12:08.123456+00:00`
    pub fn spaced(self) -> String {
        let p = self.parts();
        format!("{}.{:06}+00:00", p.date_time(' '), p.micros)
    }

    fn parts(self) -> Parts {
        let days = self.0.div_euclid(DAY);
        let rest = self.0.rem_euclid(DAY);
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let seconds = rest / SECOND;
        Parts {
            year: yoe + era * 400 + i64::from(month <= 2),
            month,
            day: doy - (153 * mp + 2) / 5 + 1,
            hour: seconds / 3_600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            micros: rest % SECOND,
        }
    }
}

impl Parts {
    fn date_time(&self, between: char) -> String {
        let Parts { year, month, day, hour, minute, second, .. } = self;
        format!("{year:04}-{month:02}-{day:02}{between}{hour:02}:{minute:02}:{second:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shape_writes_the_same_instant() {
        let moment = Moment(Moment::of_date(2024, 2, 29).0 + (21 * 3_600 + 4) * SECOND + 304_248);
        assert_eq!(moment.micros(), "2024-02-29T21:00:04.304248Z");
        assert_eq!(moment.millis(), "2024-02-29T21:00:04.304Z");
        assert_eq!(moment.seconds(), "2024-02-29T21:00:04Z");
        assert_eq!(moment.spaced(), "2024-02-29 21:00:04.304248+00:00");
        assert_eq!(moment.east_millis(), "2024-03-01T00:00:04.304+03:00");
        assert_eq!(moment.to_day_east().east_millis(), "2024-03-01T00:00:00.000+03:00");
        assert_eq!(Moment(0).seconds(), "1970-01-01T00:00:00Z");
    }
}
