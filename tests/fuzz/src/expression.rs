//! Expressions: whatever is written, compiling and evaluating it ends, in bounds, with a value that a field can hold or with an error
//! that points into the source.

use headcount_mapping::limits::{MAPPING_STEPS, TEXT, VALUES};
use headcount_mapping::{Expression, Scope, deep};
use serde_json::{Value, json};

pub(crate) fn run(data: &[u8]) {
    let source = String::from_utf8_lossy(data);
    let user = json!({
        "id": "1", "email": "ana@example.com", "title": null, "administrator": true, "n": 7, "f": 1.5,
        "attributes": { "a": "x".repeat(200), "l": [1, 2, 3, 4, 5, 6, 7, 8], "o": [{ "a": 1 }, { "b": "2" }], "in": {} },
    });
    let evaluated = deep(|| {
        let mut scope = Scope::new();
        scope.set("user", &user);
        let mut left = MAPPING_STEPS;
        let value = Expression::compile(&source, &["user"], MAPPING_STEPS)?.evaluate(&scope, &mut left)?;
        assert!(left <= MAPPING_STEPS, "steps were given back");
        Ok(value)
    });
    match evaluated {
        Ok(Ok(value)) => assert!(fits(&value), "{value} is no field"),
        Ok(Err(error)) => {
            let error: headcount_mapping::ExpressionError = error;
            let lines = source.lines().count().max(1) + 1;
            assert!((1..=lines).contains(&error.line) && error.column >= 1, "{error} points nowhere");
            assert_eq!(error.pointed().lines().count().min(2), error.pointed().lines().count(), "{error}");
            assert!(!error.problem.is_empty());
        }
        Err(lost) => panic!("{lost}"),
    }
}

fn fits(value: &Value) -> bool {
    match value {
        Value::Object(_) => false,
        Value::Array(items) => {
            items.len() <= VALUES && items.iter().all(|item| !item.is_array() && !item.is_object() && fits(item))
        }
        Value::String(text) => text.len() <= TEXT,
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}
