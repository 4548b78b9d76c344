//! A notice in words, for people, and in JSON, for programs. Whatever vendors and administrators wrote is made printable here.

use headcount_model::{ChannelId, ConnectionId, SessionId, TenantId, Timestamp, printable};
use serde_json::{Value, json};

/// Characters of a subject.
const LONGEST_SUBJECT: usize = 150;

/// The cause and kind of a test message.
const TEST: &str = "test";

/// What is sent of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Whose.
    pub tenant: TenantId,
    /// The notice's number in the tenant's list; none of a test message, which is no notice.
    pub number: Option<u64>,
    /// Of which connection; none of a test message.
    pub connection: Option<ConnectionId>,
    /// What people call the connection.
    pub name: String,
    /// Why, in one word: `run-failed`, `reconnect`, …; `test`.
    pub cause: String,
    /// `raised`, `reminded`, `recovered` or `expired`; `test`.
    pub kind: String,
    /// When.
    pub at: Timestamp,
    /// The session that noticed.
    pub session: Option<SessionId>,
    /// What happened.
    pub what: String,
    /// What to do next; empty where nothing is to be done.
    pub next: String,
}

impl Letter {
    /// A message that tells nothing but that a channel works.
    pub fn test(tenant: TenantId, channel: &ChannelId, at: Timestamp) -> Self {
        Letter {
            tenant,
            number: None,
            connection: None,
            name: String::new(),
            cause: TEST.to_owned(),
            kind: TEST.to_owned(),
            at,
            session: None,
            what: format!("this is a test message over the channel {channel}: nothing has happened"),
            next: "nothing: notices of this tenant reach you by this channel".to_owned(),
        }
    }

    /// One line: whose connection, and what is with it.
    pub fn subject(&self) -> String {
        let of = self.connection.as_ref().map_or(self.tenant.as_str(), ConnectionId::as_str);
        let name = if self.name.is_empty() { of } else { &self.name };
        let reminder = if self.kind == "reminded" { "reminder: " } else { "" };
        let subject = format!("[Headcount] {}: {reminder}{}", printable(name), self.title());
        subject.chars().take(LONGEST_SUBJECT).collect()
    }

    /// The plain text of a message: what happened, to whom, and what to do next.
    pub fn text(&self) -> String {
        let mut lines = vec![format!("{}.", sentence(&self.what)), String::new(), format!("Tenant:      {}", self.tenant)];
        if let Some(connection) = &self.connection {
            lines.push(format!("Connection:  {connection} ({})", printable(&self.name)));
        }
        lines.push(format!("When:        {}", self.at));
        if let Some(session) = self.session {
            lines.push(format!("Session:     {session}"));
        }
        if !self.next.is_empty() {
            lines.extend([String::new(), format!("What to do:  {}.", sentence(&self.next))]);
        }
        let last = match self.number {
            Some(number) => format!("Notice {number} of Headcount. See `headcount notices`."),
            None => "A test message of Headcount. See `headcount notices channel`.".to_owned(),
        };
        lines.extend([String::new(), last]);
        lines.join("\r\n") + "\r\n"
    }

    /// The body of a webhook: an event by Standard Webhooks, with its type, its time and the notice.
    pub fn json(&self) -> Value {
        json!({
            "type": format!("notice.{}", self.kind),
            "timestamp": self.at.to_string(),
            "data": {
                "tenant": self.tenant,
                "notice": self.number,
                "connection": self.connection,
                "name": self.name,
                "cause": self.cause,
                "kind": self.kind,
                "session": self.session,
                "what": self.what,
                "next": self.next,
            },
        })
    }

    fn title(&self) -> &'static str {
        match (self.cause.as_str(), self.kind.as_str()) {
            (TEST, _) => "a test message",
            ("run-failed" | "not-started", "recovered") => "runs again",
            ("run-failed", _) => "the run failed",
            ("not-started", _) => "a run did not start",
            ("overran", "recovered") => "the long run has ended",
            ("overran", _) => "the run takes too long",
            ("reconnect", "recovered") => "the credential works again",
            ("reconnect", _) => "reconnect: the credential no longer works",
            ("held", "recovered") => "nothing waits for a person any more",
            ("held", "expired") => "nobody decided about the removals that waited",
            ("held", _) => "something waits for a person",
            ("incomplete", "recovered") => "was read completely again",
            ("incomplete", _) => "was not read completely",
            (_, "recovered") => "is well again",
            _ => "needs a look",
        }
    }
}

/// A text on one line, with its first letter large and without a full stop.
fn sentence(text: &str) -> String {
    let text = printable(text.trim_end_matches(['.', ' '])).into_owned();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        Letter {
            tenant: "acme".parse().unwrap(),
            number: Some(7),
            connection: Some("tines".parse().unwrap()),
            name: "Tines\r\nBcc: everybody@example.com".into(),
            cause: "reconnect".into(),
            kind: "raised".into(),
            at: Timestamp::from_micros(0),
            session: Some(SessionId(3)),
            what: "the credential of tines no longer works: 401\u{1b}[2J".into(),
            next: "enter a new one with `headcount connection credential tines`".into(),
        }
    }

    #[test]
    fn a_message_says_what_happened_to_whom_and_what_to_do_and_nothing_breaks_its_lines() {
        let (subject, text) = (letter().subject(), letter().text());
        assert!(!subject.contains(['\r', '\n']) && subject.contains("reconnect"), "{subject}");
        for part in ["The credential of tines no longer works: 401", "acme", "Session:     3", "What to do:  Enter a new one"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains('\u{1b}') && !text.contains("\nBcc"), "{text}");
    }

    #[test]
    fn each_cause_and_kind_has_words_of_its_own() {
        let mut titles = std::collections::BTreeSet::new();
        for cause in ["run-failed", "overran", "not-started", "reconnect", "held", "incomplete"] {
            let of = |kind: &str| Letter { cause: cause.into(), kind: kind.into(), ..letter() };
            assert_ne!(of("raised").title(), of("recovered").title());
            assert!(of("reminded").subject().contains("reminder: "));
            assert_eq!(of("expired").title() != of("raised").title(), cause == "held", "nothing else expires");
            titles.insert(of("raised").title());
        }
        assert_eq!(titles.len(), 6);
    }

    #[test]
    fn programs_get_texts_as_they_are() {
        let event = letter().json();
        assert_eq!(event["type"], "notice.raised");
        assert_eq!(event["data"]["name"], letter().name);
    }

    #[test]
    fn a_test_message_says_that_it_is_one_and_speaks_of_no_connection() {
        let test = Letter::test("acme".parse().unwrap(), &"ops".parse().unwrap(), Timestamp::from_micros(0));
        assert_eq!(test.subject(), "[Headcount] acme: a test message");
        let text = test.text();
        assert!(text.starts_with("This is a test message over the channel ops: nothing has happened.\r\n"), "{text}");
        assert!(!text.contains("Connection:") && !text.contains("Notice "), "{text}");
        let event = test.json();
        assert_eq!((&event["type"], &event["data"]["cause"]), (&"notice.test".into(), &"test".into()));
        assert!(event["data"]["notice"].is_null() && event["data"]["connection"].is_null(), "{event}");
    }
}
