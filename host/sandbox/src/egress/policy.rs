//! Which requests a connection may make: the manifest's hosts and request rules, within the operator's ceiling. Empty means deny.
//!
//! | request | allowed |
//! |---|---|
//! | GET, HEAD | below the base URL, or below a further host of the manifest |
//! | others while reading | those that the manifest's `read-requests` names, below the base URL |
//! | others inside an action | those, and the ones that this action names, below the base URL |
//! | CONNECT, TRACE | never |
//!
//! Prefixes match whole segments, as they are written: `/api` covers `/api/x`, but neither `/apix` nor `/%61pi`.

use headcount_model::Manifest;
use headcount_model::manifest::{RequestRule, Settings};
use http::Method;

use super::EgressError;
use super::refusal::Refusal;
use super::url::{Origin, Target, segments};

/// What the operator allows at most, whatever a manifest names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ceiling {
    /// Any host that a manifest names.
    #[default]
    Manifest,
    /// These hosts alone: `api.example.com`, or `.example.com` for every host below it. An empty list allows none.
    Hosts(Vec<String>),
}

impl Ceiling {
    /// Whether a host is allowed.
    ///
    /// ```
    /// use headcount_sandbox::egress::Ceiling;
    /// let ceiling = Ceiling::Hosts(vec!["api.example.com".into(), ".tines.com".into()]);
    /// assert!(ceiling.allows("api.example.com") && ceiling.allows("acme.tines.com"));
    /// assert!(!ceiling.allows("tines.com") && !ceiling.allows("xapi.example.com"));
    /// assert!(!Ceiling::Hosts(vec![]).allows("api.example.com"));
    /// ```
    pub fn allows(&self, host: &str) -> bool {
        match self {
            Ceiling::Manifest => true,
            Ceiling::Hosts(_) => self.lists(host),
        }
    }

    /// Whether the operator lists a host by name, so that a connection may name it though its manifest's suffixes don't.
    pub fn lists(&self, host: &str) -> bool {
        let Ceiling::Hosts(hosts) = self else { return false };
        hosts.iter().map(|listed| listed.to_ascii_lowercase()).any(|listed| {
            if listed.starts_with('.') {
                host.strip_suffix(&listed).is_some_and(|label| !label.is_empty())
            } else {
                listed == host
            }
        })
    }
}

/// What a connector is called for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Checking or reading.
    Read,
    /// The action of this name.
    Action(String),
}

/// The rules of one connection.
pub(crate) struct Policy {
    base: Place,
    further: Vec<Place>,
    read: Vec<Rule>,
    actions: Vec<(String, Vec<Rule>)>,
}

struct Place {
    origin: Origin,
    prefix: Vec<String>,
}

struct Rule {
    method: String,
    /// Below the base URL's path; none is any one segment.
    path: Vec<Option<String>>,
}

impl Policy {
    /// Reads the rules of a connection.
    pub fn new(manifest: &Manifest, settings: &Settings, ceiling: &Ceiling) -> Result<Self, EgressError> {
        let base = place(&settings.base_url)?;
        if !ceiling.allows(&base.origin.host) {
            return Err(EgressError::Ceiling(base.origin.host));
        }
        let further = settings.hosts.iter().map(|url| place(url)).collect::<Result<Vec<_>, _>>()?;
        let further = further.into_iter().filter(|place| ceiling.allows(&place.origin.host)).collect();
        let read_only = |name: &str| manifest.action(name).is_some_and(|action| action.read_only);
        let actions = manifest
            .actions
            .iter()
            .map(|action| {
                let own = if read_only(&action.name) { &[][..] } else { &action.requests[..] };
                (action.name.clone(), own.iter().map(rule).collect())
            })
            .collect();
        Ok(Policy { base, further, read: manifest.read_requests.iter().map(rule).collect(), actions })
    }

    /// Every origin that a request may go to.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        std::iter::once(&self.base).chain(&self.further).map(|place| &place.origin)
    }

    /// Says whether a request may leave.
    pub fn check(&self, purpose: &Purpose, method: &Method, target: &Target) -> Result<(), Refusal> {
        let mut places = std::iter::once(&self.base).chain(&self.further);
        if !places.any(|place| place.covers(target)) {
            let known: Vec<String> = self.origins().map(Origin::to_string).collect();
            let is_known = self.origins().any(|origin| *origin == target.origin);
            return Err(Refusal::Policy(if is_known {
                format!("{} is not below a path that the manifest names for {}", target.path, target.origin)
            } else {
                format!("{} is not a host of this connection; it has {}", target.origin, known.join(", "))
            }));
        }
        if *method == Method::GET || *method == Method::HEAD {
            return Ok(());
        }
        let below = self.base.below(target);
        let named = |rules: &[Rule]| below.as_ref().is_some_and(|below| rules.iter().any(|rule| rule.covers(method, below)));
        let allowed = match purpose {
            Purpose::Read => named(&self.read),
            Purpose::Action(name) => {
                let own = self.actions.iter().find(|(action, _)| action == name);
                named(&self.read) || own.is_some_and(|(_, rules)| named(rules))
            }
        };
        if allowed && !matches!(method.as_str(), "CONNECT" | "TRACE") {
            return Ok(());
        }
        Err(Refusal::Policy(match purpose {
            Purpose::Read => format!("{method} {} is not among the manifest's read-requests", target.path),
            Purpose::Action(name) => format!("{method} {} is not among the requests of the action {name}", target.path),
        }))
    }
}

impl Place {
    fn covers(&self, target: &Target) -> bool {
        self.below(target).is_some()
    }

    /// The segments below this place's path; none outside of it.
    fn below<'a>(&self, target: &'a Target) -> Option<Vec<&'a str>> {
        if self.origin != target.origin {
            return None;
        }
        let mut path = target.segments();
        for segment in &self.prefix {
            if path.next() != Some(segment.as_str()) {
                return None;
            }
        }
        Some(path.collect())
    }
}

impl Rule {
    fn covers(&self, method: &Method, below: &[&str]) -> bool {
        self.method == method.as_str()
            && below.len() >= self.path.len()
            && self.path.iter().zip(below).all(|(rule, segment)| rule.as_deref().is_none_or(|rule| rule == *segment))
    }
}

fn place(url: &str) -> Result<Place, EgressError> {
    let target = Target::parse(url).map_err(|refusal| EgressError::Settings(url.to_owned(), refusal.to_string()))?;
    if target.query.is_some() {
        return Err(EgressError::Settings(url.to_owned(), "it has a query".to_owned()));
    }
    let prefix = target.segments().map(str::to_owned).collect();
    Ok(Place { origin: target.origin, prefix })
}

fn rule(rule: &RequestRule) -> Rule {
    let path = segments(&rule.path).map(|segment| (segment != "*").then(|| segment.to_owned())).collect();
    Rule { method: rule.method.clone(), path }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::tests::manifest;

    fn policy(ceiling: &Ceiling) -> Result<Policy, EgressError> {
        let settings = Settings {
            values: Default::default(),
            base_url: "https://api.example.com/v1".to_owned(),
            hosts: vec!["https://files.example.com/public".to_owned()],
        };
        Policy::new(&manifest(), &settings, ceiling)
    }

    fn check(purpose: Purpose, method: &str, url: &str) -> Result<(), String> {
        let policy = policy(&Ceiling::Manifest).unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        policy.check(&purpose, &method, &Target::parse(url).unwrap()).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn reading_gets_below_the_manifests_places_and_posts_where_it_says_so() {
        for (method, url) in [
            ("GET", "https://api.example.com/v1"),
            ("GET", "https://api.example.com/v1/"),
            ("GET", "https://api.example.com:443/v1/users?page=2"),
            ("HEAD", "https://api.example.com/v1/users"),
            ("GET", "https://files.example.com/public/logo.png"),
            ("POST", "https://api.example.com/v1/search/users"),
            ("POST", "https://api.example.com/v1/search/users/deep"),
        ] {
            assert_eq!(check(Purpose::Read, method, url), Ok(()), "{method} {url}");
        }
        for (method, url) in [
            ("GET", "https://api.example.com/"),
            ("GET", "https://api.example.com/v11/users"),
            ("GET", "https://api.example.com/v2/v1"),
            ("GET", "https://api.example.com/%761/users"),
            ("GET", "https://api.example.com:8443/v1/users"),
            ("GET", "http://api.example.com:443/v1/users"),
            ("GET", "https://files.example.com/private"),
            ("GET", "https://example.com/v1"),
            ("GET", "https://api.example.com.evil.example/v1"),
            ("POST", "https://api.example.com/v1/users"),
            ("POST", "https://api.example.com/v1/search"),
            ("POST", "https://api.example.com/v1/searchx/users"),
            ("POST", "https://files.example.com/public/search/users"),
            ("PUT", "https://api.example.com/v1/search/users"),
            ("DELETE", "https://api.example.com/v1/users/1"),
            ("OPTIONS", "https://api.example.com/v1"),
            ("TRACE", "https://api.example.com/v1"),
            ("CONNECT", "https://api.example.com/v1"),
            ("post", "https://api.example.com/v1/search/users"),
            ("get", "https://api.example.com/v1/users"),
        ] {
            assert!(check(Purpose::Read, method, url).is_err(), "{method} {url}");
        }
    }

    #[test]
    fn an_action_makes_its_own_requests_and_no_other_actions() {
        let revoke = || Purpose::Action("revoke".to_owned());
        assert_eq!(check(revoke(), "GET", "https://api.example.com/v1/users"), Ok(()));
        assert_eq!(check(revoke(), "DELETE", "https://api.example.com/v1/users/7/licenses"), Ok(()));
        assert_eq!(check(revoke(), "POST", "https://api.example.com/v1/search/users"), Ok(()));
        assert!(check(revoke(), "DELETE", "https://api.example.com/v1/users/7").is_err());
        assert!(check(revoke(), "DELETE", "https://api.example.com/v1/users/7/8/licenses").is_err());
        assert!(check(revoke(), "PATCH", "https://api.example.com/v1/users/7").is_err());
        assert!(check(Purpose::Action("unknown".to_owned()), "DELETE", "https://api.example.com/v1/users/7/licenses").is_err());
        assert!(check(Purpose::Action("rename".to_owned()), "PATCH", "https://api.example.com/v1/users/7").is_ok());
    }

    #[test]
    fn the_operators_ceiling_cuts_what_the_manifest_names() {
        let only_api = policy(&Ceiling::Hosts(vec!["api.example.com".to_owned()])).unwrap();
        assert_eq!(only_api.origins().count(), 1);
        let files = Target::parse("https://files.example.com/public/x").unwrap();
        assert!(only_api.check(&Purpose::Read, &Method::GET, &files).is_err());
        assert!(matches!(policy(&Ceiling::Hosts(Vec::new())), Err(EgressError::Ceiling(host)) if host == "api.example.com"));
        assert!(policy(&Ceiling::Hosts(vec![".example.com".to_owned()])).is_ok());
    }

    #[test]
    fn a_refusal_says_what_would_have_been_right() {
        let refusal = check(Purpose::Read, "GET", "https://other.example/").unwrap_err();
        assert!(refusal.contains("https://api.example.com"), "{refusal}");
    }
}
