//! What a manifest asks for beyond another: what somebody who accepted the one has to know before he accepts the other. Nothing that
//! is taken back, or is only worded otherwise, is told.

mod compare;

use std::fmt;

use super::RequestRule;
use crate::text::printable;
use crate::{ConnectorId, Kind};

/// What a manifest newly asks for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Asks {
    /// Each by itself; empty where it asks for nothing new.
    pub news: Vec<News>,
    /// The secret fields that have to be entered again, because they would go elsewhere.
    pub enter_again: Vec<String>,
}

impl Asks {
    /// Whether there is nothing to know.
    pub fn is_nothing(&self) -> bool {
        self.news.is_empty() && self.enter_again.is_empty()
    }
}

/// A line for each, or one that says that there is nothing.
impl fmt::Display for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_nothing() {
            return f.write_str("it asks for nothing new");
        }
        let mut lines: Vec<String> = self.news.iter().map(|news| format!("- {news}")).collect();
        if !self.enter_again.is_empty() {
            lines.push(format!("- every connection has to enter again: {}", self.enter_again.join(", ")));
        }
        f.write_str(&lines.join("\n"))
    }
}

/// One thing that a manifest newly asks for. Shown as one line without control characters.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum News {
    /// It is another connector.
    Id(ConnectorId),
    /// It calls itself or its vendor otherwise.
    Name {
        /// Who is called so: `itself`, `its vendor`.
        whom: &'static str,
        /// What it was called.
        was: String,
        /// What it is called.
        now: String,
    },
    /// Requests go to another base URL.
    BaseUrl {
        /// The template before.
        was: String,
        /// The template now.
        now: String,
    },
    /// It may reach a further origin and path.
    Host(String),
    /// A host that an administrator fills in may end otherwise.
    HostSuffix {
        /// The field.
        field: String,
        /// The ending.
        suffix: String,
    },
    /// A choice that stands in a URL has a further value.
    Choice {
        /// The field.
        field: String,
        /// The value.
        value: String,
    },
    /// It asks for a further secret.
    Secret(String),
    /// It asks for a further setting, or one that it shall now see, need or hold something else in.
    Setting(String),
    /// A secret is put elsewhere on requests.
    Placed {
        /// The field.
        secret: String,
        /// Where.
        at: String,
    },
    /// It may send a request while reading.
    ReadRequest(RequestRule),
    /// It can do something.
    Action(String),
    /// An action sends a further request.
    ActionRequest {
        /// Which action.
        action: String,
        /// The request.
        request: RequestRule,
    },
    /// An action no longer says that it takes something away, or now says that it only reads: people are asked less before it.
    Unasked(String),
    /// It asks the vendor for a further permission.
    Permission(String),
    /// It may ask the vendor more often.
    Rate {
        /// In what time, or `at once`.
        per: &'static str,
        /// Before; none for the host's own limit.
        was: Option<u32>,
        /// Now.
        now: Option<u32>,
    },
    /// It reads a further list.
    Feed(String),
    /// It reads a list no longer: connections that did wait until a person does without it.
    Dropped(String),
    /// A list carries a further kind of record.
    Carries {
        /// Which list.
        feed: String,
        /// The kind.
        kind: Kind,
    },
    /// A list proves what is missing, where it did not.
    Proves {
        /// Which list.
        feed: String,
        /// Of which kind.
        kind: Kind,
    },
    /// No list proves any longer that a record of this kind is missing: what is gone at the vendor stays in the store.
    Unproven(Kind),
    /// A list no longer says that records may come several times.
    Unrepeated {
        /// Which list.
        feed: String,
        /// Of which kind.
        kind: Kind,
    },
    /// A list is no longer needed for a sync to be good.
    Optional(String),
    /// A vendor's field that was never kept will be.
    Kept(String),
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            News::Id(id) => format!("it is another connector: {id}"),
            News::Name { whom, was, now } => format!("it calls {whom} {now}, not {was}"),
            News::BaseUrl { was, now } => format!("its requests go to {now}, not {was}"),
            News::Host(host) => format!("it may reach {host}"),
            News::HostSuffix { field, suffix } => format!("the host in {field} may end in {suffix}"),
            News::Choice { field, value } => format!("the host may come from {value} in {field}"),
            News::Secret(field) => format!("it asks for the secret {field}"),
            News::Setting(field) => format!("it asks for the setting {field}"),
            News::Placed { secret, at } => format!("{secret} goes into {at}"),
            News::ReadRequest(rule) => format!("while reading it may send {} {}", rule.method, rule.path),
            News::Action(action) => format!("it can {action}"),
            News::ActionRequest { action, request } => format!("to {action} it may send {} {}", request.method, request.path),
            News::Unasked(action) => format!("{action} counts as milder: people are asked less before it"),
            News::Permission(permission) => format!("it needs the vendor's permission {permission}"),
            News::Rate { per, was, now } => {
                let words =
                    |rate: &Option<u32>| rate.map_or_else(|| "without a bound of its own".to_owned(), |rate| rate.to_string());
                format!("requests {per}: {}, not {}", words(now), words(was))
            }
            News::Feed(feed) => format!("it reads the list {feed}"),
            News::Dropped(feed) => {
                format!(
                    "it no longer reads the list {feed}: connections that did are held until somebody accepts their new scope"
                )
            }
            News::Carries { feed, kind } => format!("the list {feed} carries records of the kind {kind}"),
            News::Proves { feed, kind } => format!("records of the kind {kind} that the list {feed} lacks are removed"),
            News::Unproven(kind) => format!("records of the kind {kind} are no longer removed when they are gone at the vendor"),
            News::Unrepeated { feed, kind } => format!("the list {feed} has each record of the kind {kind} once"),
            News::Optional(feed) => format!("a sync is good without the list {feed}"),
            News::Kept(field) => format!("the vendor's field {field} is kept"),
        };
        f.write_str(&printable(&text))
    }
}
