//! Rules: a request leaves if and only if the texts of the rules, compared letter by letter, say so.
//!
//! An input has a line for each rule of the manifest (`base https://…`, `host https://…`, `read POST /search/*`,
//! `action DELETE /users/*`), for each of the operator (`allow https://*.example.com`) and for each request (`ask POST https://…`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use headcount_model::Manifest;
use headcount_model::manifest::{RequestRule, Template};
use headcount_sandbox::egress::fuzzing::Rules;
use headcount_sandbox::egress::{AllowRule, Ceiling, Purpose};
use http::Method;

const PLAIN: &str = r#"{"id": "example", "name": "Example", "version": "1.0.0", "vendor": {"name": "Example"},
    "base-url": "https://api.example.com", "feeds": [{"name": "users", "proves": ["user"]}],
    "actions": [{"name": "change", "label": "Change", "input": {"type": "object"}}]}"#;

static MANIFEST: LazyLock<Option<Manifest>> = LazyLock::new(|| Manifest::from_json(PLAIN.as_bytes()).ok());

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(mut manifest) = MANIFEST.clone() else { panic!("the plain manifest is refused") };
    let (mut allowed, mut asked) = (Vec::new(), Vec::new());
    for (word, rest) in text.lines().filter_map(|line| line.split_once(' ')) {
        let place = || rest.parse::<Template>().ok().filter(|place| place.fields().next().is_none());
        match word {
            "base" => manifest.base_url = place().unwrap_or(manifest.base_url),
            "host" => manifest.hosts.extend(place()),
            "read" => manifest.read_requests.extend(rest.parse::<RequestRule>()),
            "action" => manifest.actions.iter_mut().for_each(|action| action.requests.extend(rest.parse::<RequestRule>())),
            "allow" => allowed.extend(rest.parse::<AllowRule>().map(|rule| (rule, rest))),
            "ask" => asked.extend(rest.split_once(' ')),
            _ => {}
        }
    }
    let Ok(settings) = manifest.settings(&BTreeMap::new(), |_| false) else { return };
    let (rules, texts): (Vec<_>, Vec<_>) = allowed.into_iter().unzip();
    let ceiling = if rules.is_empty() { Ceiling::Manifest } else { Ceiling::Rules(rules) };
    let Some(rules) = Rules::new(&manifest, &settings, &ceiling) else { return };
    for (method, url) in asked {
        let Ok(method) = Method::from_bytes(method.as_bytes()) else { continue };
        for purpose in [Purpose::Read, Purpose::Action("change".to_owned()), Purpose::Action("other".to_owned())] {
            // Browsers have no reading of a name that is none in any script.
            let (Some(allowed), Some(named)) =
                (rules.allow(&purpose, &method, url), named(&manifest, &purpose, method.as_str(), url))
            else {
                continue;
            };
            let within = texts.is_empty() || texts.iter().any(|rule| covers_request(rule, method.as_str(), url));
            assert_eq!(allowed, named && within, "{purpose:?} {method} {url}\nunder {text}");
        }
    }
}

/// Whether the manifest names a request, by the letter.
fn named(manifest: &Manifest, purpose: &Purpose, method: &str, url: &str) -> Option<bool> {
    let (origin, path) = parts(url)?;
    let below = |place: &Template| -> Option<String> {
        let (its, prefix) = parts(place.as_str())?;
        let below = (its == origin).then(|| path.strip_prefix(prefix.trim_end_matches('/')))??;
        (below.is_empty() || below.starts_with('/')).then(|| below.to_owned())
    };
    let base = below(&manifest.base_url);
    if base.is_none() && !manifest.hosts.iter().any(|host| below(host).is_some()) {
        return Some(false);
    }
    let own = match purpose {
        Purpose::Action(name) => manifest.action(name).map(|action| action.requests.as_slice()).unwrap_or_default(),
        Purpose::Read => &[],
    };
    let covers = |rule: &RequestRule| rule.method == method && base.as_ref().is_some_and(|below| is_prefix(&rule.path, below));
    Some(match method {
        "GET" | "HEAD" => true,
        "CONNECT" | "TRACE" => false,
        _ => manifest.read_requests.iter().chain(own).any(covers),
    })
}

/// Scheme, host and port as browsers read them, and the path as it is written.
fn parts(url: &str) -> Option<(String, &str)> {
    Some((url::Url::parse(url).ok()?.origin().ascii_serialization(), path(url)))
}

fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let path = rest.find(['/', '?']).map_or("", |at| rest.get(at..).unwrap_or_default());
    path.split('?').next().unwrap_or_default()
}

/// Whether a rule's path is a prefix of another, segment by segment.
fn is_prefix(rule: &str, path: &str) -> bool {
    let Some(rule) = rule.strip_prefix('/') else { return true };
    let Some(path) = path.strip_prefix('/') else { return false };
    let (wanted, rule) = rule.split_at(rule.find('/').unwrap_or(rule.len()));
    let (segment, path) = path.split_at(path.find('/').unwrap_or(path.len()));
    !segment.is_empty() && (wanted == "*" || wanted == segment) && is_prefix(rule, path)
}

/// Whether a rule of the operator covers a request, by the letter.
fn covers_request(rule: &str, method: &str, url: &str) -> bool {
    let (own, place) = rule.split_once(' ').unwrap_or(("", rule));
    let fits = match own {
        "" => method.bytes().all(|b| b.is_ascii_uppercase()) && !matches!(method, "CONNECT" | "TRACE"),
        "GET" => matches!(method, "GET" | "HEAD"),
        own => own == method,
    };
    let Ok(asked) = url::Url::parse(url) else { return false };
    let host = asked.host_str().unwrap_or_default();
    if !place.contains("://") {
        let place = place.to_ascii_lowercase();
        return fits && if place.starts_with('.') { host.ends_with(&place) } else { host == place };
    }
    let Ok(rule) = url::Url::parse(&place.replacen("://*.", "://any-label.", 1)) else { return false };
    let (named, stands_for) = (rule.host_str().unwrap_or_default(), host.split_once('.'));
    let hosts = match named.strip_prefix("any-label.") {
        Some(name) => stands_for.is_some_and(|(_, rest)| rest == name),
        None => named == host,
    };
    let below = path(url).strip_prefix(path(place).trim_end_matches('/'));
    fits && hosts
        && rule.scheme() == asked.scheme()
        && rule.port_or_known_default() == asked.port_or_known_default()
        && below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
}
