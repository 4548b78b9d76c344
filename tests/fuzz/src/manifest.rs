//! Manifests: one that is taken is the same after its way through a component, and whatever is filled in, its URLs stay within what
//! it says.
//!
//! An input is JSON or TOML; what is filled in may follow as JSON after a line of three hyphens.

use std::collections::BTreeMap;

use headcount_model::Manifest;
use headcount_model::manifest::{FieldType, Settings, Template};
use headcount_sandbox::egress::fuzzing;
use serde_json::Value;

/// The host that the operator allows beside those of the manifest.
const EXTRA: &str = "people.example.net";
/// What stands between a manifest and what is filled in.
const RULE: &[u8] = b"\n---\n";

pub(crate) fn run(data: &[u8]) {
    let (text, given) = match data.windows(RULE.len()).position(|window| window == RULE) {
        Some(at) => (data.get(..at).unwrap_or_default(), data.get(at + RULE.len()..)),
        None => (data, None),
    };
    let manifest = match (text.first(), std::str::from_utf8(text)) {
        (Some(b'{'), _) | (_, Err(_)) => Manifest::from_json(text).ok(),
        (_, Ok(text)) => Manifest::from_toml(text).ok(),
    };
    let Some(manifest) = manifest else { return };
    assert_eq!(manifest.check(), []);
    let json = manifest.to_json();
    match Manifest::from_json(json.as_bytes()) {
        Ok(again) => assert_eq!(again.to_json(), json),
        Err(error) => panic!("{json} was taken, and is not taken again: {error}"),
    }
    let given = given.and_then(|given| serde_json::from_slice::<BTreeMap<String, Value>>(given).ok()).unwrap_or_default();
    let Ok(settings) = manifest.settings(&given, |host| host == EXTRA) else { return };
    assert!(manifest.secret_fields().all(|secret| !settings.values.contains_key(&secret.name)), "a secret among {settings:?}");
    check(&manifest, &settings, &manifest.base_url, &settings.base_url);
    assert_eq!(manifest.hosts.len(), settings.hosts.len());
    for (template, url) in manifest.hosts.iter().zip(&settings.hosts) {
        check(&manifest, &settings, template, url);
    }
}

/// Holds a filled-in URL to its template: label by label, or to the endings that a host may have.
fn check(manifest: &Manifest, settings: &Settings, template: &Template, url: &str) {
    let Some(read) = fuzzing::url(url) else { panic!("{template} was filled in as {url}, which egress does not take") };
    let host = authority(template.as_str());
    let path = template.as_str().get("https://".len() + host.len()..).unwrap_or_default();
    assert_eq!(read.path.trim_end_matches('/'), path.trim_end_matches('/'), "{template} filled in as {url}");
    let host = host.split(':').next().unwrap_or_default();
    let whole = host.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).and_then(|name| manifest.field(name));
    if let Some(field) = whole {
        let listed = field.host_suffixes.iter().any(|suffix| read.host.ends_with(suffix)) || read.host == EXTRA;
        let chosen = field.r#type == FieldType::Choice && settings.values.get(&field.name).is_some_and(|v| *v == *read.host);
        assert!(listed || chosen, "{template} filled in as {url}");
        return;
    }
    let (wanted, found): (Vec<&str>, Vec<&str>) = (host.split('.').collect(), read.host.split('.').collect());
    assert_eq!(wanted.len(), found.len(), "{template} filled in as {url}");
    for (wanted, found) in wanted.iter().zip(found) {
        assert!(wanted.starts_with('{') || *wanted == found, "{template} filled in as {url}");
    }
}

fn authority(template: &str) -> &str {
    template.strip_prefix("https://").and_then(|rest| rest.split('/').next()).unwrap_or_default()
}
