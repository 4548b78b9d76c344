//! A connection's life and health, told to a person.

use headcount::model::printable;
use headcount::store::Standing;
use serde::Serialize;
use serde_json::{Value, json};

use crate::words;

/// Who noticed it, when, why and what to do, in lines; none where there is nothing to say.
pub fn lines<S>(standing: &Standing<S>) -> Vec<String> {
    let mut lines = Vec::new();
    if !standing.why.is_empty() {
        lines.push(printable(&standing.why).into_owned());
        lines.push(format!("noticed by {}, {}", printable(&standing.by.to_string()), words::time(standing.at)));
    }
    if !standing.next.is_empty() {
        lines.push(format!("next: {}", printable(&standing.next)));
    }
    lines
}

/// The same as JSON.
pub fn value<S: Serialize>(standing: &Standing<S>) -> Value {
    json!({
        "state": standing.state,
        "by": standing.by,
        "at": words::time(standing.at),
        "why": standing.why,
        "next": standing.next,
    })
}

#[cfg(test)]
mod tests {
    use headcount::Timestamp;
    use headcount::store::{Health, HealthState, Witness};

    use super::*;

    #[test]
    fn a_vendors_words_are_shown_and_not_obeyed() {
        let at = Timestamp::from_micros(0);
        let health = Health::new(HealthState::Reconnect, Witness::Check, at).because("no\u{1b}[2J").next("enter another");
        assert_eq!(lines(&health), ["no\\u{1b}[2J", "noticed by a check, 1970-01-01T00:00:00Z", "next: enter another"]);
        assert!(lines(&Health::new(HealthState::Ok, Witness::Host, at)).is_empty());
        assert_eq!(value(&health)["by"], "check");
    }
}
