//! Expressions that would take for ever, or all memory, if they were evaluated: each is refused, at once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::limits::{MAPPING_STEPS, SOURCE};
use crate::{Expression, ExpressionError, Scope, deep};

/// Far beyond what any of it takes, and far below what any of it would take.
const SOON: Duration = Duration::from_secs(20);

fn attack(source: &str, user: &Value) -> Result<Value, ExpressionError> {
    let begun = Instant::now();
    let result = deep(|| {
        let mut scope = Scope::new();
        scope.set("user", user);
        Expression::compile(source, &["user"], MAPPING_STEPS)?.evaluate(&scope, &mut MAPPING_STEPS.clone())
    });
    assert!(begun.elapsed() < SOON, "{source:.80} took {:?}", begun.elapsed());
    result.unwrap_or_else(|lost| panic!("{source:.80}: {lost}"))
}

fn refused(source: &str, user: &Value, why: &str) {
    let error = attack(source, user).expect_err(source);
    assert!(error.problem.contains(why), "{source:.80}: {error}");
}

#[test]
fn nested_comprehensions_are_refused() {
    let numbers = (0..200).collect::<Vec<_>>();
    let user = json!({ "l": numbers });
    let deep = "user.l.map(a, user.l.map(b, user.l.map(c, user.l.map(d, 1))))";
    refused(deep, &user, "at most 2 of map, filter, all and exists");
    // Two levels are allowed for short lists, and not for long ones.
    let pairs = "size(user.l.filter(a, user.l.exists(b, a == b)))";
    assert_eq!(attack(pairs, &json!({ "l": [1, 2, 3] })), Ok(json!(3)));
    refused(pairs, &user, "could take too long");
    refused("user.l.map(a, user.l.map(b, user.l)).map(c, 1)", &user, "");
}

#[test]
fn texts_that_grow_are_refused() {
    let user = json!({ "s": "x".repeat(1_000) });
    // Doubled by each step.
    let doubled = (0..12).fold("user.s".to_owned(), |inner, _| format!("({inner}).replace('x', 'xxxxxxxxxxxx')"));
    refused(&doubled, &user, "could make values that are too large");
    let sum = vec!["user.s"; 100].join(" + ");
    let error = attack(&sum, &user).unwrap_err();
    assert!(!error.problem.is_empty());
    refused("user.s.split('').map(c, user.s).join(user.s)", &user, "too");
    refused("[user.s, user.s, user.s, user.s, user.s].map(s, s + s + s)[0] + user.s + user.s", &user, "bytes long");
}

#[test]
fn lists_that_grow_are_refused() {
    let user = json!({ "l": [1, 2, 3, 4, 5, 6, 7, 8] });
    let nested = "user.l.map(a, user.l).map(b, [b, b, b, b]).map(c, [c, c, c, c]).map(d, [d, d, d, d]).map(e, [e, e, e, e])";
    let error = attack(nested, &user).unwrap_err();
    assert!(!error.problem.is_empty());
    let many = json!({ "l": vec![1; 300] });
    refused("user.l.map(a, a)", &many, "the value has 300 parts");
    let huge = json!({ "l": vec![1; 200_000] });
    refused("user.l.map(a, a)", &huge, "could take too long");
    refused("user.l.distinct()", &huge, "could take too long");
}

#[test]
fn patterns_stay_small() {
    let user = json!({ "s": "a".repeat(2_000) });
    // Catastrophic for engines that go back; this one doesn't.
    assert_eq!(attack("user.s.matches('^(a+)+$')", &user), Ok(json!(true)));
    refused("user.s.matches('((a{50}){50}){50}')", &user, "repeats too much");
    refused(&format!("user.s.matches('{}')", "a".repeat(300)), &user, "at most 256 bytes");
    refused(&format!("user.s.matches('{}a{}')", "(".repeat(20), ")".repeat(20)), &user, "");
    refused("user.s.matches(user.s)", &user, "written out");
    refused("user.s.matches('a')", &json!({ "s": "a".repeat(200_000) }), "could take too long");
}

#[test]
fn sources_stay_small_and_shallow() {
    let user = json!({ "s": 1 });
    refused("", &user, "empty");
    refused(&"1+".repeat(SOURCE), &user, "at most 2048 are read");
    for (open, close) in [("(", ")"), ("[", "]"), ("{1:", "}"), ("size(", ")")] {
        refused(&format!("{}1{}", open.repeat(200), close.repeat(200)), &user, "");
        refused(&format!("{}1", open.repeat(200)), &user, "");
    }
    assert_eq!(attack(&("!".repeat(1_000) + "true"), &user), Ok(json!(true)));
    for long in ["1+".repeat(1_000) + "1", format!("{}1", "-(".repeat(500)), format!("user{}", ".a".repeat(1_000))] {
        refused(&long, &user, "");
    }
    let chain = "true?1:".repeat(250) + "1";
    refused(&chain, &user, "");
    let list = format!("[{}1]", "1,".repeat(1_000));
    refused(&list, &user, "more than 1000 parts");
}

#[test]
fn deep_and_strange_records_are_no_danger() {
    let mut deep = json!("end");
    for _ in 0..100 {
        deep = json!({ "d": deep });
    }
    let user = json!({ "deep": deep, "large": u64::MAX, "small": i64::MIN });
    assert_eq!(attack("user.deep.d.d.d.d.d.d == null", &user), Ok(json!(false)));
    assert_eq!(attack(&format!("user.deep{} == null", ".d".repeat(16)), &user), Ok(json!(true)));
    refused("-user.small", &user, "");
    refused("user.small - 1", &user, "too large");
    refused("user.small / -1", &user, "");
    assert!(attack("user.large", &user).is_ok());
    refused("double('nan')", &user, "");
}

#[test]
fn what_the_engine_knows_beyond_our_list_is_refused() {
    for source in [
        "user.s.format([1])",
        "[1, 2].sortBy(x, x)",
        "lists.range(1000000000)",
        "[[1]].flatten()",
        "math.greatest(1, 2)",
        "type(1)",
        "dyn(1)",
        "bytes('a')",
        "optional.of(1)",
        "Thing{a: 1}",
        "user.s.reverse()",
        "__result__",
        "@result",
        "int",
    ] {
        refused(source, &json!({ "s": "x" }), "");
    }
}
