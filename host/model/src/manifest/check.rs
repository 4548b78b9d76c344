//! What a manifest may not say, beyond its shape: every rule with the field it is about.

use std::collections::BTreeSet;
use std::fmt;

use super::template::is_host;
use super::{FieldType, Manifest, Placement, REFERS_TO, RefersTo, schema};
use crate::Kind;

const MOST_FEEDS: usize = 64;
const MOST_FIELDS: usize = 64;
const MOST_ACTIONS: usize = 64;
const MOST_RULES: usize = 64;
const MOST_SCOPES: usize = 64;
const LONGEST_TEXT: usize = 256;

/// Something in a manifest that can't be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The path of the field: `feeds[2].parent`.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "field {}: {}", self.field, self.problem)
    }
}

impl Manifest {
    /// Everything in this manifest that can't be; empty for a good one.
    pub fn check(&self) -> Vec<Problem> {
        let mut found = Found(Vec::new());
        self.check_sizes(&mut found);
        if !found.0.is_empty() {
            // The rest compares much with much: only within these bounds.
            return found.0;
        }
        self.check_head(&mut found);
        self.check_config(&mut found);
        self.check_auth(&mut found);
        self.check_feeds(&mut found);
        self.check_actions(&mut found);
        for bad in self.mapping.iter().flat_map(crate::Mapping::check) {
            let field = bad.rule.map_or_else(|| "mapping".to_owned(), |at| format!("mapping.rules[{at}]"));
            found.when(true, field, || bad.problem);
        }
        found.0
    }

    fn check_sizes(&self, found: &mut Found) {
        for (field, length, most) in [
            ("feeds", self.feeds.len(), MOST_FEEDS),
            ("config", self.config.len(), MOST_FIELDS),
            ("auth", self.auth.len(), 8),
            ("actions", self.actions.len(), MOST_ACTIONS),
            ("hosts", self.hosts.len(), 16),
            ("read-requests", self.read_requests.len(), MOST_RULES),
            ("never-kept", self.never_kept.len(), 256),
            ("not-supported", self.not_supported.len(), 64),
            ("setup.steps", self.setup.steps.len(), 64),
            ("setup.permissions", self.setup.permissions.len(), 64),
        ] {
            found.bound(field, length, most);
        }
    }

    fn check_head(&self, found: &mut Found) {
        found.when(self.name.trim().is_empty(), "name", || "is empty".to_owned());
        found.when(self.vendor.name.trim().is_empty(), "vendor.name", || "is empty".to_owned());
        let plain = self.version.split('.').count() == 3
            && self.version.bytes().all(|b| b.is_ascii_alphanumeric() || b".-+".contains(&b));
        found.when(!plain, "version", || format!("{:?} is not a version such as 1.2.3", self.version));
        let pictures = ["https://", "data:image/"];
        let bad_logo = self.logo.as_ref().is_some_and(|logo| !pictures.iter().any(|start| logo.starts_with(start)));
        found.when(bad_logo, "logo", || "must begin with https:// or data:image/".to_owned());
        found.when(self.rate.concurrent == Some(0), "rate.concurrent", || "must be at least 1".to_owned());
    }

    fn check_config(&self, found: &mut Found) {
        let mut names = BTreeSet::new();
        for (at, field) in self.config.iter().enumerate() {
            let path = |leaf: &str| format!("config[{at}].{leaf}");
            found.when(!is_name(&field.name), path("name"), || format!("{:?} is not a name of a-z, 0-9 and -", field.name));
            found.when(!names.insert(&field.name), path("name"), || format!("{} stands there twice", field.name));
            found.when(field.name == "base-url", path("name"), || "base-url is taken by the host".to_owned());
            found.bound(path("choices"), field.choices.len(), 256);
            found.bound(path("host-suffixes"), field.host_suffixes.len(), 16);
            let choice = field.r#type == FieldType::Choice;
            found.when(choice && field.choices.is_empty(), path("choices"), || "a choice needs choices".to_owned());
            found.when(!choice && !field.choices.is_empty(), path("choices"), || "only a choice has choices".to_owned());
            let secret = field.r#type == FieldType::Secret;
            found.when(secret && field.default.is_some(), path("default"), || "a secret has no default".to_owned());
            let empty = field.default.as_ref().is_some_and(serde_json::Value::is_null);
            found.when(empty, path("default"), || "is no value".to_owned());
            for suffix in &field.host_suffixes {
                let good = suffix.strip_prefix('.').is_some_and(is_host);
                found.when(!good, path("host-suffixes"), || format!("{suffix:?} is not like .example.com"));
            }
        }
        let token_urls = self.auth.iter().enumerate().filter_map(|(at, place)| Some((at, place.token_url()?)));
        let templates = std::iter::once(("base-url".to_owned(), &self.base_url))
            .chain(self.hosts.iter().enumerate().map(|(at, host)| (format!("hosts[{at}]"), host)))
            .chain(token_urls.map(|(at, url)| (format!("auth[{at}].token-url"), url)));
        for (path, template) in templates {
            for name in template.fields() {
                let field = self.field(name);
                let fits = field.is_some_and(|field| match field.r#type {
                    FieldType::Host => template.is_whole_host(name),
                    FieldType::Choice => true,
                    FieldType::Text => !template.is_whole_host(name),
                    _ => false,
                });
                found.when(!fits, path.clone(), || match field {
                    Some(_) => format!("the field {name} must be a host or a choice, or text as one label of a host"),
                    None => format!("there is no config field {name}"),
                });
            }
        }
    }

    fn check_auth(&self, found: &mut Found) {
        let is_secret = |name: &str| self.field(name).is_some_and(|field| field.r#type == FieldType::Secret);
        for (at, placement) in self.auth.iter().enumerate() {
            let path = |leaf: &str| format!("auth[{at}].{leaf}");
            let secret = placement.secret();
            found.when(!is_secret(secret), path("secret"), || format!("there is no secret config field {secret}"));
            match placement {
                Placement::Header { name, prefix, .. } => {
                    let plain = prefix.len() <= 64 && prefix.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
                    found.when(!plain, path("prefix"), || format!("{prefix:?} is not 64 plain characters or less"));
                    let good = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
                    let framing = ["host", "content-length", "transfer-encoding", "connection", "cookie"];
                    let taken = framing.contains(&name.to_ascii_lowercase().as_str());
                    found.when(!good || taken, path("name"), || format!("{name:?} can't be a credential's header"));
                }
                Placement::Basic { user, .. } => {
                    let known = user.is_empty() || self.field(user).is_some();
                    found.when(!known, path("user"), || format!("there is no config field {user}"));
                }
                Placement::Query { name, .. } => {
                    let good = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
                    found.when(!good, path("name"), || format!("{name:?} can't be a query parameter"));
                }
                Placement::ClientCertificate { .. } => {
                    let others = || self.auth.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other);
                    let second = others().any(|other| matches!(other, Placement::ClientCertificate { .. }));
                    found.when(second, path("type"), || "a connection has one client certificate at most".to_owned());
                    // Its private key would leave the host.
                    let sent = others().any(|other| other.uses(secret));
                    found.when(sent, path("secret"), || format!("{secret} goes somewhere else, too; a private key never does"));
                }
                Placement::OauthClientCredentials { client_id, scopes, audience, .. } => {
                    self.check_client(found, at, client_id, scopes);
                    let bad = audience.as_ref().is_some_and(|audience| audience.is_empty() || audience.len() > LONGEST_TEXT);
                    found.when(bad, path("audience"), || format!("must have 1 to {LONGEST_TEXT} bytes"));
                }
                Placement::OauthRefreshToken { client_id, client_secret, scopes, .. } => {
                    self.check_client(found, at, client_id, scopes);
                    let unknown = client_secret.as_ref().filter(|name| !is_secret(name));
                    found.when(unknown.is_some(), path("client-secret"), || "there is no such secret config field".to_owned());
                }
                Placement::Bearer { .. } => {}
            }
        }
        let authorizes =
            |placement: &&Placement| placement.header().is_some_and(|name| name.eq_ignore_ascii_case("authorization"));
        let oauth = self.auth.iter().any(|placement| placement.token_url().is_some());
        found.when(oauth && self.auth.iter().filter(authorizes).count() > 1, "auth", || {
            "where a token goes into the Authorization header, nothing else does".to_owned()
        });
        for field in self.secret_fields() {
            let placed = self.auth.iter().any(|placement| placement.uses(&field.name));
            found.when(!placed, "auth", || format!("nothing says where the secret {} goes", field.name));
        }
    }

    /// What both kinds of OAuth say of a client.
    fn check_client(&self, found: &mut Found, at: usize, client_id: &str, scopes: &[String]) {
        found.when(self.field(client_id).is_none(), format!("auth[{at}].client-id"), || {
            format!("there is no config field {client_id}")
        });
        // RFC 6749, 3.3.
        let is_scope = |scope: &String| {
            (1..=LONGEST_TEXT).contains(&scope.len()) && scope.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
        };
        found.when(scopes.len() > MOST_SCOPES || !scopes.iter().all(is_scope), format!("auth[{at}].scopes"), || {
            format!("must be at most {MOST_SCOPES} words without blanks, quotes and backslashes")
        });
    }

    fn check_feeds(&self, found: &mut Found) {
        found.when(self.feeds.is_empty(), "feeds", || "a connector has at least one".to_owned());
        let mut names = BTreeSet::new();
        for (at, feed) in self.feeds.iter().enumerate() {
            let path = |leaf: &str| format!("feeds[{at}].{leaf}");
            found.when(!is_name(&feed.name), path("name"), || format!("{:?} is not a name of a-z, 0-9 and -", feed.name));
            found.when(!names.insert(&feed.name), path("name"), || format!("{} stands there twice", feed.name));
            for (leaf, kinds) in [("proves", &feed.proves), ("repeats", &feed.repeats), ("yields", &feed.yields)] {
                found.bound(path(leaf), kinds.len(), Kind::ALL.len());
            }
            found.when(feed.kinds().next().is_none(), path("proves"), || {
                "the feed yields nothing: name the kinds in proves or yields".to_owned()
            });
            found.when(feed.page_size == Some(0), path("page-size"), || "must be at least 1".to_owned());
            let Some(parent) = &feed.parent else {
                found.when(feed.parent_kind.is_some(), path("parent-kind"), || "there is no parent".to_owned());
                continue;
            };
            // A parent stands before its children, so there are no circles.
            let above = self.feeds.iter().take(at).find(|above| &above.name == parent);
            let Some(above) = above else {
                found.when(true, path("parent"), || format!("there is no feed {parent} above this one"));
                continue;
            };
            let kind = self.parent_kind(feed);
            found.when(kind.is_none(), path("parent-kind"), || {
                format!("{parent} yields several kinds: say which are the parents")
            });
            let yielded = kind.is_none_or(|kind| kind != Kind::Grant && above.kinds().any(|k| k == kind));
            found.when(!yielded, path("parent-kind"), || format!("{parent} does not yield it"));
        }
    }

    /// The kind of record that a feed is read for; none for a feed without a parent.
    pub fn parent_kind(&self, feed: &super::Feed) -> Option<Kind> {
        let above = self.feed(feed.parent.as_ref()?)?;
        let mut kinds = above.kinds().filter(|kind| *kind != Kind::Grant);
        match (feed.parent_kind, kinds.next(), kinds.next()) {
            (Some(kind), ..) => Some(kind),
            (None, Some(only), None) => Some(only),
            _ => None,
        }
    }

    fn check_actions(&self, found: &mut Found) {
        let mut names = BTreeSet::new();
        for (at, action) in self.actions.iter().enumerate() {
            let path = |leaf: &str| format!("actions[{at}].{leaf}");
            found.when(!is_name(&action.name), path("name"), || format!("{:?} is not a name of a-z, 0-9 and -", action.name));
            found.when(!names.insert(&action.name), path("name"), || format!("{} stands there twice", action.name));
            let object = action.input.get("type").and_then(serde_json::Value::as_str) == Some("object");
            found.when(!object, path("input"), || "must be the schema of an object: type = \"object\"".to_owned());
            found.bound(path("requests"), action.requests.len(), MOST_RULES);
            for (name, word) in properties(&action.input) {
                if let Some(problem) = word.as_str().map_or(Some("must be a text"), |word| word.parse::<RefersTo>().err()) {
                    found.when(true, path(&format!("input.properties.{name}.{REFERS_TO}")), || problem.to_owned());
                }
            }
            for (leaf, schema) in [("input", Some(&action.input)), ("output", action.output.as_ref())] {
                if let Some(problem) = schema.and_then(schema::problem) {
                    found.when(true, path(leaf), || problem.to_owned());
                }
            }
            found.when(action.read_only && !action.requests.is_empty(), path("requests"), || {
                "an action that only reads makes none but GET and HEAD; name others in read-requests".to_owned()
            });
        }
    }
}

/// The properties of an action's input that say what they point at, and what they say.
fn properties(input: &serde_json::Map<String, serde_json::Value>) -> impl Iterator<Item = (&String, &serde_json::Value)> {
    let properties = input.get("properties").and_then(serde_json::Value::as_object).into_iter().flatten();
    properties.filter_map(|(name, schema)| Some((name, schema.get(REFERS_TO)?)))
}

struct Found(Vec<Problem>);

impl Found {
    fn bound(&mut self, field: impl Into<String>, length: usize, most: usize) {
        self.when(length > most, field, || format!("has {length} entries; at most {most} are read"));
    }

    fn when(&mut self, wrong: bool, field: impl Into<String>, problem: impl FnOnce() -> String) {
        if wrong {
            self.0.push(Problem { field: field.into(), problem: problem() });
        }
    }
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
