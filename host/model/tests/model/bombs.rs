//! Manifests that are meant to do harm: each is refused, unread or by name, in no time.

use headcount_model::Manifest;
use headcount_model::manifest::{MAX_DEPTH, ManifestError};
use serde_json::{Value, json};

fn good() -> Value {
    json!({
        "id": "acme", "name": "Acme", "version": "1.0.0", "base-url": "https://api.acme.example",
        "vendor": { "name": "Acme" },
        "config": [{ "name": "key", "label": "Key", "type": "secret" }],
        "auth": [{ "type": "bearer", "secret": "key" }],
        "feeds": [{ "name": "users", "proves": ["user"] }],
        "actions": [{ "name": "act", "label": "Act", "input": { "type": "object" } }],
    })
}

/// The good manifest with another value at a JSON pointer.
fn with(at: &str, value: Value) -> Result<Manifest, ManifestError> {
    let mut manifest = good();
    let (parent, key) = at.rsplit_once('/').unwrap();
    manifest.pointer_mut(parent).unwrap()[key] = value;
    Manifest::from_json(manifest.to_string().as_bytes())
}

/// Why that is refused.
fn refused(at: &str, value: Value) -> String {
    with(at, value).unwrap_err().to_string()
}

/// Objects in each other's `properties`.
fn nested(levels: usize) -> Value {
    (0..levels).fold(json!({}), |inner, _| json!({ "properties": inner }))
}

#[test]
fn the_good_manifest_is_taken() {
    assert!(Manifest::from_json(good().to_string().as_bytes()).is_ok());
}

#[test]
fn deep_json_is_refused_unread() {
    assert_eq!(Manifest::from_json("[".repeat(100_000).as_bytes()), Err(ManifestError::TooDeep));
    assert_eq!(Manifest::from_json("{\"a\":".repeat(40_000).as_bytes()), Err(ManifestError::TooDeep));
    assert_eq!(with("/actions/0/output", nested(MAX_DEPTH)), Err(ManifestError::TooDeep));
    assert!(with("/actions/0/output", nested(MAX_DEPTH - 10)).is_ok());
    assert!(with("/description", json!("\"[".repeat(100) + "\\")).is_ok(), "brackets in text are text");
}

#[test]
fn every_list_is_bounded() {
    let many = |value: Value| Value::Array(vec![value; 300]);
    for (at, one) in [
        ("/feeds/0/proves", json!("user")),
        ("/feeds/0/yields", json!("user")),
        ("/actions/0/requests", json!("POST /x")),
        ("/hosts", json!("https://x.example")),
        ("/read-requests", json!("POST /x")),
        ("/never-kept", json!("x")),
        ("/config/0/choices", json!({ "value": "x", "label": "X" })),
        ("/config/0/host-suffixes", json!(".x.example")),
        ("/config", json!({ "name": "x", "label": "X" })),
        ("/auth", json!({ "type": "bearer", "secret": "key" })),
        ("/feeds", json!({ "name": "x", "proves": ["user"] })),
        ("/actions", json!({ "name": "x", "label": "X", "input": { "type": "object" } })),
        ("/not-supported", json!({ "what": "x", "why": "y" })),
        ("/setup", json!(null)),
    ] {
        let said = if at == "/setup" {
            refused("/setup", json!({ "steps": many(json!("x")), "permissions": many(json!("x")) }))
        } else {
            refused(at, many(one))
        };
        assert!(said.contains("has 300 entries"), "{at}: {said}");
    }
}

#[test]
fn patterns_are_few_and_short() {
    let catastrophic = json!({ "type": "object", "properties": { "a": { "pattern": "^(a+)+$" } } });
    assert!(with("/actions/0/input", catastrophic).is_ok(), "the engine for patterns is linear");
    let long = json!({ "type": "object", "properties": { "a": { "pattern": "(a{99}){99}".repeat(40) } } });
    assert!(refused("/actions/0/input", long).contains("256 characters"));
    let hidden = json!({ "type": "object", "anyOf": [{ "patternProperties": { "a".repeat(300): {} } }] });
    assert!(refused("/actions/0/output", hidden).contains("actions[0].output"));
    let many: Vec<Value> = (0..33).map(|n| json!({ "pattern": format!("{n}") })).collect();
    assert!(refused("/actions/0/input", json!({ "type": "object", "allOf": many })).contains("at most 32 patterns"));
}

#[test]
fn references_lead_nowhere_outside() {
    for to in ["https://evil.example/s", "file:///etc/passwd", "other.json", "//evil.example", ""] {
        for key in ["$ref", "$dynamicRef", "$recursiveRef"] {
            let schema = json!({ "type": "object", "allOf": [{ "properties": { "a": { key: to } } }] });
            assert!(refused("/actions/0/input", schema).contains("inside the schema"), "{key} {to}");
        }
    }
}

#[test]
fn a_schema_that_is_short_to_write_and_endless_to_check_is_refused() {
    let doubling = |levels: usize| {
        let mut parts: serde_json::Map<String, Value> = (0..levels)
            .map(|n| {
                (
                    format!("a{n}"),
                    json!({ "allOf": [{ "$ref": format!("#/$defs/a{}", n + 1) }, { "$ref": format!("#/$defs/a{}", n + 1) }] }),
                )
            })
            .collect();
        parts.insert(format!("a{levels}"), json!({ "type": "string" }));
        json!({ "type": "object", "properties": { "a": { "$ref": "#/$defs/a0" } }, "$defs": parts })
    };
    assert!(with("/actions/0/input", doubling(3)).is_ok());
    assert!(refused("/actions/0/input", doubling(15)).contains("at most 10,000 parts"));
    let chain: serde_json::Map<String, Value> =
        (0..200).map(|n| (format!("a{n}"), json!({ "$ref": format!("#/$defs/a{}", n + 1) }))).collect();
    let to_itself = json!({ "properties": { "a": { "$ref": "#" } } });
    let in_turns = json!({ "a": { "not": { "$ref": "#/$defs/b" } }, "b": { "not": { "$ref": "#/$defs/a" } } });
    for schema in [
        json!({ "type": "object", "$defs": chain }),
        json!({ "type": "object", "allOf": [to_itself] }),
        json!({ "type": "object", "$defs": in_turns }),
    ] {
        let said = refused("/actions/0/input", schema.clone());
        assert!(said.contains("at most 64 levels") || said.contains("at something that is there"), "{schema}: {said}");
    }
    for (schema, expected) in [
        (json!({ "type": "object", "allOf": [{ "$ref": "#name" }] }), "at something that is there"),
        (json!({ "type": "object", "allOf": [{ "$ref": "#/%24defs/a" }], "$defs": { "a": {} } }), "at something that is there"),
        (json!({ "type": "object", "allOf": [{ "$id": "https://x.example/a" }] }), "no $id"),
        (json!({ "type": "object", "$schema": "http://json-schema.org/draft-04/schema#" }), "may only be"),
    ] {
        assert!(refused("/actions/0/input", schema.clone()).contains(expected), "{schema}");
    }
}

#[test]
fn hosts_that_only_look_alike_are_refused_or_shown_as_they_are() {
    for host in ["аcme.example", "acme.exаmple", "acme\u{200b}.example", "acme.example\u{202e}", "ACME.example", "acme。example"]
    {
        for at in ["/base-url", "/hosts"] {
            let url = json!(format!("https://{host}"));
            assert!(with(at, if at == "/hosts" { json!([url]) } else { url }).is_err(), "{host}");
        }
        assert!(with("/config/0/host-suffixes", json!([format!(".{host}")])).is_err(), "{host}");
    }
    let shown = with("/hosts", json!(["https://xn--cme-7cd.example"])).unwrap();
    assert_eq!(shown.hosts[0].as_str(), "https://xn--cme-7cd.example");
    for host in
        ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "localhost", "user@acme.example", "acme.example#x", "acme.example?x"]
    {
        assert!(with("/hosts", json!([format!("https://{host}")])).is_err(), "{host}");
    }
}

#[test]
fn a_placement_can_not_smuggle_a_header() {
    for (name, prefix) in [("X-Key", "a\r\nX-Evil: "), ("X-Key", "\u{0}"), ("X Key", ""), ("Host", ""), ("X-Key\r\nX-Evil", "")] {
        let auth = json!([{ "type": "header", "secret": "key", "name": name, "prefix": prefix }]);
        assert!(with("/auth", auth).is_err(), "{name:?} {prefix:?}");
    }
}

#[test]
fn what_is_there_twice_or_unknown_is_refused() {
    let text = good().to_string();
    for (right, wrong) in [("\"id\":", "\"id\":\"a\",\"id\":"), ("\"name\":\"Acme\"", "\"name\":\"Acme\",\"nmae\":1")] {
        assert!(text.contains(right));
        assert!(Manifest::from_json(text.replacen(right, wrong, 1).as_bytes()).is_err(), "{wrong}");
    }
}
