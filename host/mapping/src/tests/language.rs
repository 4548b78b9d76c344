//! The language as administrators use it, and errors that point into it.

use serde_json::{Value, json};

use crate::limits::MAPPING_STEPS;
use crate::{Expression, ExpressionError, Scope, deep};

fn evaluate(source: &str) -> Result<Value, ExpressionError> {
    let user = json!({
        "email": "Ana@Example.com", "title": null, "administrator": true, "logins": 7, "score": 1.5,
        "attributes": { "jobTitle": "Chief", "teams": [{ "name": "b" }, { "name": "a" }, { "name": "b" }] },
    });
    deep(|| {
        let mut scope = Scope::new();
        scope.set("user", &user);
        Expression::compile(source, &["user"], MAPPING_STEPS)?.evaluate(&scope, &mut MAPPING_STEPS.clone())
    })
    .unwrap()
}

#[test]
fn expressions_make_fields() {
    for (source, value) in [
        ("user.email.lowerAscii()", json!("ana@example.com")),
        ("user.title", json!(null)),
        ("user.attributes.jobTitle", json!("Chief")),
        ("user.attributes['jobTitle']", json!("Chief")),
        ("user.attributes.?city", json!(null)),
        ("user.attributes.?city.?street.orValue('none')", json!("none")),
        ("user.attributes.?jobTitle.orValue('none')", json!("Chief")),
        ("user.attributes.teams.map(t, t.name).distinct().sort()", json!(["a", "b"])),
        ("user.attributes.teams.filter(t, t.name == 'a').map(t, t.name).join(';')", json!("a")),
        ("user.attributes.teams.exists(t, t.name == 'a')", json!(true)),
        ("size(user.attributes.teams)", json!(3)),
        ("user.administrator ? 'Admin' : 'User'", json!("Admin")),
        ("user.email.split('@')[1]", json!("Example.com")),
        ("user.email.matches('^[A-Z]')", json!(true)),
        ("user.logins + 1", json!(8)),
        ("user.score * 2.0", json!(3.0)),
        ("has(user.phone) || user.logins > 5", json!(true)),
        ("string(user.logins) + '!'", json!("7!")),
    ] {
        assert_eq!(evaluate(source), Ok(value), "{source}");
    }
}

#[test]
fn errors_point_into_the_expression() {
    for (source, column, what) in [
        ("user.emial", 5, "there is no emial; write .?emial"),
        ("'x' + user.attributes.city", 22, "there is no city"),
        ("license.name", 1, "there is no variable license; there are user"),
        ("user.email.shout()", 17, "there is no function shout; there are map, filter"),
        ("user.email +", 13, "ends too early"),
        ("size(user.email, 1)", 5, "wrong number of arguments"),
        ("user.logins / 0", 13, "division by zero"),
        ("user.email + 1", 12, "can't be combined"),
        ("user.email.matches(user.title)", 24, "must be written out"),
        ("user.email.matches('(')", 20, "unclosed group"),
        ("user.attributes", 1, "the value is an object"),
        ("[[1]]", 1, "a list within a list"),
        ("user.attributes.teams[9].name", 22, "fewer elements"),
    ] {
        let error = evaluate(source).unwrap_err();
        assert!(error.problem.contains(what), "{source}: {error}");
        assert_eq!((error.line, error.column), (1, column), "{source}: {error}");
    }
    let error = evaluate("user.administrator\n  ? 'é' + lisense.id : ''").unwrap_err();
    assert_eq!((error.line, error.column), (2, 11), "{error}");
    assert_eq!(error.pointed().lines().nth(1), Some("          ^"));
}

#[test]
fn errors_carry_none_of_the_records_values() {
    for source in ["user.email < 1", "int(user.email)", "user.attributes.jobTitle.nothing", "{user.email: 1}[user.title]"] {
        let error = evaluate(source).unwrap_err().to_string();
        assert!(!error.contains("Ana") && !error.contains("Chief"), "{error}");
    }
}
