//! Which requests a connection may make: the manifest's hosts and request rules, within the operator's ceiling. Empty means deny.
//!
//! | request | what a manifest allows |
//! |---|---|
//! | GET, HEAD | below the base URL, or below a further host of the manifest |
//! | others while reading | those that the manifest's `read-requests` names, below the base URL |
//! | others inside an action | those, and the ones that this action names, below the base URL |
//! | CONNECT, TRACE, methods not in capitals | never |
//!
//! Prefixes match whole segments, as they are written: `/api` covers `/api/x`, but neither `/apix` nor `/%61pi`. The forms of the
//! operator's rules stand in `ceiling.rs`.

mod denial;
#[cfg(test)]
mod tests;

use headcount_model::Manifest;
use headcount_model::manifest::{RequestRule, Settings};
use http::Method;

use super::EgressError;
use super::ceiling::{Ceiling, can_be_allowed};
use super::url::{Origin, Target, segments};
pub use denial::Denial;

/// What becomes of a request that a manifest denies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It is denied.
    #[default]
    Enforce,
    /// Where a rule of the operator's ceiling covers it, it leaves without any credential and is recorded as counted. To write a
    /// policy with, never to run on. Under a ceiling without rules this is the same as `Enforce`.
    Count,
}

/// What a connector is called for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Checking or reading.
    Read,
    /// The action of this name.
    Action(String),
}

/// A request that may leave.
#[derive(Debug)]
pub(crate) enum Passed {
    /// Manifest and operator allow it, by this rule.
    Allowed(String),
    /// The manifest denies it; this rule of the operator lets it out without credentials.
    Counted(String, Denial),
}

/// The rules of one connection.
pub(crate) struct Policy {
    base: Place,
    further: Vec<Place>,
    read: Vec<Rule>,
    actions: Vec<Action>,
    ceiling: Ceiling,
    mode: Mode,
}

struct Place {
    /// As the settings have it.
    url: String,
    origin: Origin,
    prefix: Vec<String>,
}

struct Rule {
    /// As the manifest has it.
    text: String,
    method: String,
    /// Below the base URL's path; none is any one segment.
    path: Vec<Option<String>>,
}

struct Action {
    name: String,
    /// It has no rules of its own.
    read_only: bool,
    rules: Vec<Rule>,
}

impl Policy {
    /// Reads the rules of a connection.
    pub fn new(manifest: &Manifest, settings: &Settings, ceiling: &Ceiling, mode: Mode) -> Result<Self, EgressError> {
        let base = place(&settings.base_url)?;
        if !ceiling.reaches(&base.origin, &base.prefix) {
            return Err(EgressError::Ceiling(base.url));
        }
        let further = settings.hosts.iter().map(|url| place(url)).collect::<Result<_, _>>()?;
        let actions = manifest.actions.iter().map(|action| Action {
            name: action.name.clone(),
            read_only: action.read_only,
            rules: if action.read_only { Vec::new() } else { action.requests.iter().map(rule).collect() },
        });
        Ok(Policy {
            base,
            further,
            read: manifest.read_requests.iter().map(rule).collect(),
            actions: actions.collect(),
            ceiling: ceiling.clone(),
            mode,
        })
    }

    /// Whether a request may need TLS.
    pub fn needs_tls(&self) -> bool {
        let counts = self.mode == Mode::Count && self.ceiling != Ceiling::Manifest;
        counts || self.places().any(|place| place.origin.secure)
    }

    /// Says whether a request may leave, and by which rule.
    pub fn judge(&self, purpose: &Purpose, method: &Method, target: &Target) -> Result<Passed, Denial> {
        let named = self.named(purpose, method, target);
        let covering = self.ceiling.covering(method, target);
        match (named, covering) {
            (Ok((rule, _)), _) if self.ceiling == Ceiling::Manifest => Ok(Passed::Allowed(rule)),
            (Ok((rule, _)), Some(covering)) => Ok(Passed::Allowed(format!("{rule}, within allow-egress {covering}"))),
            (Ok((_, place)), None) => Err(Denial::of_ceiling(method, target, Some(&place.url))),
            (Err(denial), Some(covering)) if self.mode == Mode::Count => {
                Ok(Passed::Counted(format!("allow-egress {covering}"), denial))
            }
            (Err(denial), None) if self.ceiling != Ceiling::Manifest => Err(denial.and(Denial::of_ceiling(method, target, None))),
            (Err(denial), _) => Err(denial),
        }
    }

    /// The rule of the manifest that names a request, and the place that it belongs to.
    fn named(&self, purpose: &Purpose, method: &Method, target: &Target) -> Result<(String, &Place), Denial> {
        let is_read = *method == Method::GET || *method == Method::HEAD;
        let Some(place) = self.places().find(|place| place.below(target).is_some()) else {
            return Err(self.elsewhere(is_read, target));
        };
        if is_read {
            let what = if std::ptr::eq(place, &self.base) { "base-url" } else { "hosts" };
            return Ok((format!("{what} {}", place.url), place));
        }
        let action = match purpose {
            Purpose::Read => None,
            Purpose::Action(name) => self.actions.iter().find(|action| action.name == *name),
        };
        let below = self.base.below(target);
        if let Some(below) = below.as_ref().filter(|_| can_be_allowed(method.as_str())) {
            let covers = |rule: &&Rule| rule.covers(method, below);
            if let Some(rule) = self.read.iter().find(covers) {
                return Ok((format!("read-requests {}", rule.text), place));
            }
            if let Some((action, rule)) = action.and_then(|action| Some((action, action.rules.iter().find(covers)?))) {
                return Ok((format!("requests {} of the action {}", rule.text, action.name), place));
            }
        }
        let own = action.filter(|action| !action.read_only).map(|action| action.name.as_str());
        Err(Denial::of_method(own, method, target, below.as_deref()))
    }

    fn elsewhere(&self, is_read: bool, target: &Target) -> Denial {
        let known: Vec<&Origin> = self.places().map(|place| &place.origin).collect();
        let why = if known.contains(&&target.origin) {
            format!("{} is not below a path that the manifest names for {}", target.path, target.origin)
        } else {
            let known: Vec<String> = known.iter().map(ToString::to_string).collect();
            format!("{} is not a host of this connection; it has {}", target.origin, known.join(", "))
        };
        Denial::of_place(why, is_read, target, known.contains(&&target.origin))
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        std::iter::once(&self.base).chain(&self.further)
    }
}

impl Place {
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
    Ok(Place { url: url.to_owned(), origin: target.origin, prefix })
}

fn rule(rule: &RequestRule) -> Rule {
    let path = segments(&rule.path).map(|segment| (segment != "*").then(|| segment.to_owned())).collect();
    Rule { text: String::from(rule.clone()), method: rule.method.clone(), path }
}
