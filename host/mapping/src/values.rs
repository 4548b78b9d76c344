//! Values on their way into an expression and out of it. Both are bounded.

use std::collections::HashMap;

use cel::Value as Cel;
use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString};
use cel::common::value::Val;
use cel::objects::OptionalValue;
use serde_json::{Number, Value};

use crate::limits::{INPUT_DEPTH, TEXT, VALUES};

/// A JSON value as expressions see it; text is borrowed. What is nested too deeply is nothing to them.
pub(crate) fn incoming<'v>(value: &'v Value, depth: usize) -> Box<dyn Val + 'v> {
    match value {
        _ if depth > INPUT_DEPTH => Box::new(CelNull),
        Value::Null => Box::new(CelNull),
        Value::Bool(yes) => Box::new(CelBool::from(*yes)),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Box::new(CelInt::from(whole)),
            None => Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
        },
        Value::String(text) => Box::new(CelString::from(text.as_str())),
        Value::Array(items) => {
            let items: Vec<Box<dyn Val + 'v>> = items.iter().map(|item| incoming(item, depth + 1)).collect();
            Box::new(CelList::from(items))
        }
        Value::Object(fields) => {
            let fields: HashMap<CelMapKey<'v>, Box<dyn Val + 'v>> =
                fields.iter().map(|(name, value)| (CelMapKey::from(name.as_str()), incoming(value, depth + 1))).collect();
            Box::new(CelMap::from(fields))
        }
    }
}

/// What an expression made, as a field's value: a text, a number, yes or no, a list of these, or nothing.
///
/// # Errors
/// It is something else, or too large.
pub(crate) fn outgoing(value: &Cel) -> Result<Value, String> {
    match value {
        Cel::List(items) => {
            if items.len() > VALUES {
                return Err(format!("the value has {} parts; at most {VALUES} are kept", items.len()));
            }
            let parts: Result<Vec<Value>, String> = items.iter().map(|item| single(item, "a list within a list")).collect();
            Ok(Value::Array(parts?.into_iter().filter(|part| !part.is_null()).collect()))
        }
        Cel::Opaque(_) => match <&OptionalValue>::try_from(value) {
            Ok(optional) => optional.value().map_or(Ok(Value::Null), outgoing),
            Err(_) => Err(unfit("a value of its own kind")),
        },
        other => single(other, "a list"),
    }
}

fn single(value: &Cel, list: &str) -> Result<Value, String> {
    match value {
        Cel::Null => Ok(Value::Null),
        Cel::Bool(yes) => Ok(Value::Bool(*yes)),
        Cel::Int(number) => Ok(Value::Number((*number).into())),
        Cel::UInt(number) => Ok(Value::Number((*number).into())),
        Cel::Float(number) => Number::from_f64(*number).map(Value::Number).ok_or_else(|| "the value is no number".to_owned()),
        Cel::String(text) if text.len() > TEXT => Err(format!("the value is {} bytes long; at most {TEXT} are kept", text.len())),
        Cel::String(text) => Ok(Value::String(text.as_str().to_owned())),
        Cel::List(_) => Err(unfit(list)),
        Cel::Map(_) => Err("the value is an object: choose one of its fields".to_owned()),
        Cel::Opaque(_) => match <&OptionalValue>::try_from(value) {
            Ok(optional) => optional.value().map_or(Ok(Value::Null), |value| single(value, list)),
            Err(_) => Err(unfit("a value of its own kind")),
        },
        _ => Err(unfit("a value of its own kind")),
    }
}

fn unfit(what: &str) -> String {
    format!("the value is {what}; a field holds text, numbers, yes or no, or a list of these")
}
