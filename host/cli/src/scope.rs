//! What a credential sees, told to a person.

use headcount::Scope;
use headcount::model::{Access, printable};
use serde_json::{Value, json};

use crate::words;

/// Lines about a scope.
pub fn lines(scope: &Scope) -> Vec<String> {
    let mut lines = vec![format!("organisation  {}", printable(&scope.organization))];
    if !scope.label.is_empty() {
        lines.push(format!("credential    {}", printable(&scope.label)));
    }
    for fact in &scope.facts {
        // Hundreds of team ids tell a person nothing.
        let values = match fact.values.as_slice() {
            few if few.len() <= 8 => few.join(", "),
            many => words::counted(many.len() as u64, "value"),
        };
        lines.push(format!("{:<13} {}", printable(&fact.name), printable(&values)));
    }
    for feed in &scope.feeds {
        let access = match feed.access {
            Access::Readable => continue,
            Access::Forbidden => "not allowed to this credential",
            Access::NotOffered => "not offered here",
        };
        let note = feed.note.as_deref().map(|note| format!(" ({})", printable(note))).unwrap_or_default();
        lines.push(format!("{:<13} {access}{note}", printable(&feed.feed)));
    }
    if let Some(expires) = scope.expires_at {
        lines.push(format!("ends          {}", words::time(expires)));
    }
    lines
}

/// A scope as JSON.
pub fn value(scope: &Scope) -> Value {
    let mut value = json!(scope);
    if let Some(expires) = scope.expires_at {
        value["expires-at"] = json!(words::time(expires));
    }
    value
}

#[cfg(test)]
mod tests {
    use headcount::model::{Fact, FeedAccess};

    use super::*;

    #[test]
    fn what_the_credential_may_not_read_is_said() {
        let feed = FeedAccess { feed: "devices".into(), access: Access::Forbidden, note: Some("403\u{1b}[2J".into()) };
        let facts = vec![Fact { name: "teams".into(), values: (0..20).map(|n| n.to_string()).collect() }];
        let scope = Scope { organization: "acme".into(), label: String::new(), facts, feeds: vec![feed], expires_at: None };
        let text = lines(&scope).join("\n");
        assert!(text.contains("devices       not allowed to this credential (403\\u{1b}[2J)"), "{text}");
        assert!(text.contains("20 values"), "{text}");
    }
}
