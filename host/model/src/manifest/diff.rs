//! What a manifest asks for beyond another: what somebody who accepted the one has to know before he accepts the other. Nothing that
//! is taken back, or is only worded otherwise, is told.

use std::fmt;

use super::{Action, ConfigField, Feed, FieldType, Manifest, Placement, Rate, RequestRule};
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

impl Manifest {
    /// What this manifest asks for that the accepted one did not.
    pub fn asks_beyond(&self, accepted: &Manifest) -> Asks {
        let mut news = Vec::new();
        if self.id != accepted.id {
            news.push(News::Id(self.id.clone()));
        }
        let names = [("itself", &accepted.name, &self.name), ("its vendor", &accepted.vendor.name, &self.vendor.name)];
        for (whom, was, now) in names {
            if was != now {
                news.push(News::Name { whom, was: was.clone(), now: now.clone() });
            }
        }
        self.destinations(accepted, &mut news);
        self.fields(accepted, &mut news);
        self.requests(accepted, &mut news);
        rates(&self.rate, &accepted.rate, &mut news);
        self.records(accepted, &mut news);
        Asks { news, enter_again: self.enter_again(accepted) }
    }

    fn destinations(&self, accepted: &Manifest, news: &mut Vec<News>) {
        if self.base_url != accepted.base_url {
            news.push(News::BaseUrl { was: accepted.base_url.to_string(), now: self.base_url.to_string() });
        }
        let hosts = self.hosts.iter().filter(|host| !accepted.hosts.contains(host) && **host != accepted.base_url);
        news.extend(hosts.map(|host| News::Host(host.to_string())));
    }

    fn fields(&self, accepted: &Manifest, news: &mut Vec<News>) {
        let in_urls: Vec<&str> = std::iter::once(&self.base_url).chain(&self.hosts).flat_map(|url| url.fields()).collect();
        for field in &self.config {
            let Some(before) = accepted.field(&field.name) else {
                let secret = field.r#type == FieldType::Secret;
                news.push(if secret { News::Secret(field.name.clone()) } else { News::Setting(field.name.clone()) });
                continue;
            };
            let bare = |field: &ConfigField| (field.r#type, field.required && field.default.is_none());
            let (was, now) = (bare(before), bare(field));
            if was.0 != now.0 || now.1 && !was.1 {
                let secret = was.0 != now.0 && now.0 == FieldType::Secret;
                news.push(if secret { News::Secret(field.name.clone()) } else { News::Setting(field.name.clone()) });
            }
            for suffix in field.host_suffixes.iter().filter(|suffix| !before.host_suffixes.contains(suffix)) {
                news.push(News::HostSuffix { field: field.name.clone(), suffix: suffix.clone() });
            }
            if in_urls.contains(&field.name.as_str()) {
                let known = |value: &str| before.choices.iter().any(|choice| choice.value == value);
                for choice in field.choices.iter().filter(|choice| !known(&choice.value)) {
                    news.push(News::Choice { field: field.name.clone(), value: choice.value.clone() });
                }
            }
        }
        for placement in self.auth.iter().filter(|placement| !accepted.auth.contains(placement)) {
            news.push(News::Placed { secret: placement.secret().to_owned(), at: place(placement) });
        }
    }

    fn requests(&self, accepted: &Manifest, news: &mut Vec<News>) {
        let rules = self.read_requests.iter().filter(|rule| !accepted.read_requests.contains(rule));
        news.extend(rules.map(|rule| News::ReadRequest(rule.clone())));
        for action in &self.actions {
            let before = accepted.action(&action.name);
            if before.is_none() {
                news.push(News::Action(action.name.clone()));
            }
            let known = |rule: &&RequestRule| before.is_some_and(|before| before.requests.contains(rule));
            for request in action.requests.iter().filter(|rule| !known(rule)) {
                news.push(News::ActionRequest { action: action.name.clone(), request: request.clone() });
            }
            let milder = |before: &Action| before.destructive && !action.destructive || !before.read_only && action.read_only;
            if before.is_some_and(milder) {
                news.push(News::Unasked(action.name.clone()));
            }
        }
        let permissions = self.setup.permissions.iter().filter(|permission| !accepted.setup.permissions.contains(permission));
        news.extend(permissions.map(|permission| News::Permission(permission.clone())));
    }

    fn records(&self, accepted: &Manifest, news: &mut Vec<News>) {
        for feed in &self.feeds {
            let Some(before) = accepted.feed(&feed.name) else {
                news.push(News::Feed(feed.name.clone()));
                continue;
            };
            let name = || feed.name.clone();
            for kind in feed.kinds().filter(|kind| !before.kinds().any(|known| known == *kind)) {
                news.push(News::Carries { feed: name(), kind });
            }
            for kind in feed.proves.iter().filter(|kind| !before.proves.contains(kind)) {
                news.push(News::Proves { feed: name(), kind: *kind });
            }
            for kind in
                before.repeats.iter().filter(|kind| !feed.repeats.contains(kind) && feed.kinds().any(|kept| kept == **kind))
            {
                news.push(News::Unrepeated { feed: name(), kind: *kind });
            }
            if before.required && !feed.required {
                news.push(News::Optional(name()));
            }
        }
        let proves = |manifest: &Manifest, kind: Kind| manifest.feeds.iter().any(|feed: &Feed| feed.proves.contains(&kind));
        let unproven = Kind::ALL.into_iter().filter(|kind| proves(accepted, *kind) && !proves(self, *kind));
        news.extend(unproven.map(News::Unproven));
        let kept = accepted.never_kept.iter().filter(|field| !self.never_kept.contains(field));
        news.extend(kept.map(|field| News::Kept(field.clone())));
    }

    /// Secrets are sealed to where they go; see the vault's binding.
    fn enter_again(&self, accepted: &Manifest) -> Vec<String> {
        let urls = |manifest: &Manifest| {
            let mut urls: Vec<String> =
                std::iter::once(&manifest.base_url).chain(&manifest.hosts).map(ToString::to_string).collect();
            urls.sort_unstable();
            urls
        };
        let moved = urls(self) != urls(accepted);
        let places = |manifest: &Manifest, field: &str| -> Vec<Placement> {
            manifest.auth.iter().filter(|placement| placement.uses(field)).cloned().collect()
        };
        let held = |field: &&ConfigField| accepted.secret_fields().any(|before| before.name == field.name);
        let elsewhere = |field: &&ConfigField| moved || places(self, &field.name) != places(accepted, &field.name);
        self.secret_fields().filter(held).filter(elsewhere).map(|field| field.name.clone()).collect()
    }
}

/// Where a placement puts its secret, for people.
fn place(placement: &Placement) -> String {
    match placement {
        Placement::Header { name, .. } => format!("the header {name}"),
        Placement::Bearer { .. } => "the header Authorization, as a bearer token".to_owned(),
        Placement::Basic { .. } => "the header Authorization, as a password".to_owned(),
        Placement::Query { name, .. } => format!("the query parameter {name}"),
        Placement::ClientCertificate { .. } => "TLS, as the client's certificate and key".to_owned(),
        Placement::OauthClientCredentials { token_url, .. } => format!("{token_url}, for access tokens"),
        Placement::OauthRefreshToken { token_url, .. } => format!("{token_url}, as a refresh token"),
    }
}

fn rates(now: &Rate, was: &Rate, news: &mut Vec<News>) {
    for (per, was, now) in [
        ("a second", was.per_second, now.per_second),
        ("a minute", was.per_minute, now.per_minute),
        ("an hour", was.per_hour, now.per_hour),
        ("at once", was.concurrent, now.concurrent),
    ] {
        if now.unwrap_or(u32::MAX) > was.unwrap_or(u32::MAX) {
            news.push(News::Rate { per, was, now });
        }
    }
}
