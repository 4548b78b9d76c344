//! Which of two times, as vendors write them, is the later one.

use std::cmp::Ordering;

/// Compares two times: dates, or dates and times of day with an offset, `Z` or neither, which is taken as UTC. Text that is no time
/// comes before every time; two such texts are compared as text.
pub(crate) fn compare(one: &str, other: &str) -> Ordering {
    match (instant(one), instant(other)) {
        (None, None) => one.cmp(other),
        (one, other) => one.cmp(&other),
    }
}

/// Seconds since 1970, and the digits behind the point, which compare as text.
fn instant(text: &str) -> Option<(i64, &str)> {
    let text = text.trim();
    let (date, rest) = text.split_at_checked(10)?;
    let (year, date) = number(date, 4)?;
    let (month, date) = number(date.strip_prefix('-')?, 2)?;
    let (day, _) = number(date.strip_prefix('-')?, 2)?;
    let midnight = days(year, month, day) * 86_400;
    if rest.is_empty() {
        return Some((midnight, ""));
    }
    let (hour, rest) = number(rest.strip_prefix(['T', 't', ' '])?, 2)?;
    let (minute, rest) = number(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = match rest.strip_prefix(':') {
        Some(rest) => number(rest, 2)?,
        None => (0, rest),
    };
    let behind = rest.strip_prefix('.').unwrap_or_default();
    let digits = behind.len() - behind.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (fraction, zone) = if behind.is_empty() { ("", rest) } else { behind.split_at_checked(digits)? };
    let seconds = midnight + hour * 3_600 + minute * 60 + second - offset(zone.trim())?;
    Some((seconds, fraction.trim_end_matches('0')))
}

/// Seconds east of Greenwich: of `Z`, `+03:00` or `-0330`.
fn offset(zone: &str) -> Option<i64> {
    if matches!(zone, "" | "Z" | "z") {
        return Some(0);
    }
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = number(rest, 2)?;
    let minutes = if rest.is_empty() { 0 } else { number(rest.strip_prefix(':').unwrap_or(rest), 2)?.0 };
    Some(sign * (hours * 3_600 + minutes * 60))
}

/// A number of exactly so many digits, and what comes behind it.
fn number(text: &str, digits: usize) -> Option<(i64, &str)> {
    let (number, rest) = text.split_at_checked(digits)?;
    number.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
    Some((number.parse().ok()?, rest))
}

/// Days since 1970-01-01, by years that begin in March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5 + day - 719_469
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_compared_as_moments_whatever_their_offset() {
        for (earlier, later) in [
            ("2023-05-20T01:00:00+03:00", "2023-05-19T23:00:00Z"),
            ("2023-05-20T00:00:00Z", "2023-05-19T23:00:00-03:00"),
            ("2023-05-20", "2023-05-20T00:00:00.001Z"),
            ("2023-05-20T05:06:07.5Z", "2023-05-20T05:06:07.51Z"),
            ("2024-02-29 23:59:59+00:00", "2024-03-01"),
            ("1969-12-31T23:59:59Z", "1970-01-01"),
            ("never", "1970-01-01"),
            ("2023-13", "2023-14"),
        ] {
            assert_eq!(compare(earlier, later), Ordering::Less, "{earlier} {later}");
            assert_eq!(compare(later, earlier), Ordering::Greater, "{later} {earlier}");
        }
        assert_eq!(compare("2023-05-20T00:00:00.000+03:00", "2023-05-19T21:00Z"), Ordering::Equal);
    }

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!((days(1970, 1, 1), days(2000, 2, 29), days(2000, 3, 1)), (0, 11_016, 11_017));
        assert_eq!(instant("2000-02-29T00:00:01Z"), Some((951_782_401, "")));
    }

    #[test]
    fn nonsense_is_no_time_and_harms_nothing() {
        for text in [
            "",
            "é",
            "2023-05-2é",
            "2023-05-20X",
            "2023-05-20T",
            "2023-05-20T1é:00",
            "2023-05-20T10:00:00+",
            "2023-05-20T10:00:00.é",
            "+023-05-20",
            "----------",
        ] {
            assert_eq!(instant(text), None, "{text:?}");
        }
    }
}
