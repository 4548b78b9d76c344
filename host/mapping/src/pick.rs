//! What several values become.

use headcount_model::mapping::Pick;
use serde_json::Value;

use crate::limits::VALUES;

/// Whether a value says nothing: vendors send empty text for what they don't know.
pub(crate) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// One value of many, which stand in the order of their rows; nothing of none.
pub(crate) fn pick(mut values: Vec<Value>, pick: Pick) -> Value {
    values.retain(|value| !is_nothing(value));
    let flags: Option<Vec<bool>> = values.iter().map(Value::as_bool).collect();
    match (pick, flags) {
        (_, _) if values.is_empty() => Value::Null,
        (Pick::First, _) => values.swap_remove(0),
        (Pick::Latest, _) => values.pop().unwrap_or_default(),
        (Pick::Any, Some(flags)) => Value::Bool(flags.contains(&true)),
        (Pick::All, Some(flags)) => Value::Bool(!flags.contains(&false)),
        (Pick::Any, None) => values.into_iter().min_by_key(Value::to_string).unwrap_or_default(),
        (Pick::All, None) => {
            let mut distinct: Vec<Value> = Vec::new();
            for value in values.into_iter().flat_map(parts) {
                // Each is compared with all before it: more than are kept are not looked at.
                if distinct.len() == VALUES {
                    break;
                }
                if !distinct.contains(&value) {
                    distinct.push(value);
                }
            }
            Value::Array(distinct)
        }
    }
}

fn parts(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        single => vec![single],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn several_values_become_one_by_rule() {
        let texts = || vec![json!("b"), json!(null), json!("a"), json!(""), json!("b"), json!("c")];
        assert_eq!(pick(texts(), Pick::First), json!("b"));
        assert_eq!(pick(texts(), Pick::Latest), json!("c"));
        assert_eq!(pick(texts(), Pick::Any), json!("a"));
        assert_eq!(pick(texts(), Pick::All), json!(["b", "a", "c"]));
    }

    #[test]
    fn yes_and_no_are_any_or_all() {
        let flags = |flags: &[bool]| flags.iter().map(|flag| json!(flag)).collect::<Vec<_>>();
        assert_eq!(pick(flags(&[false, true]), Pick::Any), json!(true));
        assert_eq!(pick(flags(&[false, true]), Pick::All), json!(false));
        assert_eq!(pick(flags(&[false]), Pick::Any), json!(false));
        assert_eq!(pick(flags(&[true, true]), Pick::All), json!(true));
    }

    #[test]
    fn no_more_values_are_gone_through_than_are_kept() {
        // Billions of comparisons of long texts, if they all were: hours.
        let long = "x".repeat(2_000);
        let list = |from: usize| json!((from..from + 250).map(|at| format!("{long}{at}")).collect::<Vec<_>>());
        let Value::Array(picked) = pick((0..500).map(|at| list(at * 250)).collect(), Pick::All) else { panic!() };
        assert_eq!((picked.len(), &picked[0]), (VALUES, &json!(format!("{long}0"))));
    }

    #[test]
    fn nothing_becomes_nothing() {
        for each in [Pick::First, Pick::Latest, Pick::Any, Pick::All] {
            assert_eq!(pick(vec![json!(null), json!(" "), json!([])], each), Value::Null);
        }
    }
}
