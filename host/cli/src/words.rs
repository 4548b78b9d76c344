//! Numbers, times and lists as people read them.

use std::time::Duration;

use headcount::Timestamp;

/// `1234567` as `1,234,567`.
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `3 users`, `1 user`.
pub fn counted(value: u64, noun: &str) -> String {
    let ending = if value == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", number(value))
}

/// `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`.
pub fn duration(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        seconds @ 10..60 => format!("{seconds} s"),
        seconds @ 60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", seconds / 3_600, seconds / 60 % 60),
    }
}

/// RFC 3339 in UTC, to the second.
pub fn time(time: Timestamp) -> String {
    Timestamp::from_micros(time.micros().div_euclid(1_000_000).saturating_mul(1_000_000)).to_string()
}

/// The same, where there may be none.
pub fn maybe_time(value: Option<Timestamp>) -> String {
    value.map(time).unwrap_or_default()
}

/// `1.2 MiB`.
pub fn bytes(value: u64) -> String {
    match value {
        0..1_024 => format!("{value} B"),
        1_024..1_048_576 => format!("{:.1} KiB", value as f64 / 1_024.0),
        1_048_576..1_073_741_824 => format!("{:.1} MiB", value as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", value as f64 / 1_073_741_824.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!((counted(1, "user"), counted(2_000, "user")), ("1 user".to_owned(), "2,000 users".to_owned()));
    }

    #[test]
    fn durations_lose_what_nobody_reads() {
        let show = |millis| duration(Duration::from_millis(millis));
        assert_eq!((show(420), show(12_400), show(200_000)), ("0.4 s".into(), "12 s".into(), "3 min 20 s".into()));
    }

    #[test]
    fn times_are_in_utc_to_the_second_before_1970_too() {
        assert_eq!(time(Timestamp::from_micros(1_717_200_000_999_999)), "2024-06-01T00:00:00Z");
        assert_eq!(time(Timestamp::from_micros(-1)), "1969-12-31T23:59:59Z");
    }
}
