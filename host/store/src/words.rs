//! Counts in sentences for people.

use std::collections::BTreeMap;

use headcount_model::Kind;

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(value: u64) -> String {
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

/// `1,200 users`, `1 user`.
pub(crate) fn counted(count: u64, kind: Kind) -> String {
    format!("{} {kind}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// `984 users, 2,100 grants`; with `are` or `is` behind them, where that is asked for.
pub(crate) fn listed(kinds: &BTreeMap<Kind, u64>, be: bool) -> String {
    let mut text = kinds.iter().map(|(kind, count)| counted(*count, *kind)).collect::<Vec<_>>().join(", ");
    if be {
        text.push_str(if kinds.values().sum::<u64>() == 1 { " is" } else { " are" });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_and_listed_by_kind() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(listed(&BTreeMap::from([(Kind::User, 984), (Kind::Grant, 2_100)]), true), "984 users, 2,100 grants are");
        assert_eq!(listed(&BTreeMap::from([(Kind::User, 1)]), true), "1 user is");
    }
}
