//! Filters: `field:$op:value` on v1, `field:op:value` on v2, and the body of a search.

use serde_json::Value;

use super::listing::text_of;
use super::refusal::Refusal;
use crate::wire::Request;

#[derive(Clone, Copy)]
enum Comparison {
    Equal,
    Unequal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Contains,
    In,
}

struct Condition {
    field: String,
    comparison: Comparison,
    value: String,
}

/// Conditions that all must hold, and some of which one must.
#[derive(Default)]
pub(super) struct Filters {
    all: Vec<Condition>,
    any: Vec<Condition>,
    /// Text that one of these fields must contain.
    search: Option<(Vec<String>, Vec<String>)>,
}

impl Filters {
    pub(super) fn read(request: &Request, v2: bool) -> Result<Self, Refusal> {
        let mut filters = Filters::default();
        for (name, value) in request.query.pairs() {
            let target = match name {
                "filter[or]" => &mut filters.any,
                _ if name.starts_with("filter[or]") => &mut filters.any,
                _ if name == "filter" || name.starts_with("filter[") => &mut filters.all,
                _ => continue,
            };
            if v2 {
                for part in value.split(',').filter(|part| !part.is_empty()) {
                    target.push(condition(part, "")?);
                }
            } else if !value.is_empty() {
                target.push(condition(value, "$")?);
            }
        }
        Ok(filters)
    }

    /// The body of `POST /search/systemusers`.
    pub(super) fn read_search(body: &Value) -> Result<Self, Refusal> {
        let mut filters = Filters::default();
        let expressions = |value: &Value| value.as_array().cloned().unwrap_or_default();
        if let Some(filter) = body.get("filter") {
            let (all, any) = match filter {
                Value::Array(list) => (list.clone(), Vec::new()),
                _ => (
                    filter.get("and").map(expressions).unwrap_or_default(),
                    filter.get("or").map(expressions).unwrap_or_default(),
                ),
            };
            for expression in &all {
                filters.all.extend(of_expression(expression)?);
            }
            for expression in &any {
                filters.any.extend(of_expression(expression)?);
            }
        }
        if let Some(search) = body.get("searchFilter") {
            let texts = |value: Option<&Value>| match value {
                Some(Value::String(text)) => vec![text.to_lowercase()],
                Some(Value::Array(list)) => list.iter().map(|item| text_of(item).to_lowercase()).collect(),
                _ => Vec::new(),
            };
            let fields = search.get("fields").and_then(Value::as_array).map(|list| list.iter().map(text_of).collect());
            filters.search = Some((texts(search.get("searchTerm")), fields.unwrap_or_default()));
        }
        Ok(filters)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty() && self.any.is_empty() && self.search.is_none()
    }

    pub(super) fn hold(&self, row: &Value) -> bool {
        let found = self.search.as_ref().is_none_or(|(terms, fields)| {
            fields.iter().any(|field| {
                let text = row.get(field).map(text_of).unwrap_or_default().to_lowercase();
                terms.iter().any(|term| text.contains(term.as_str()))
            })
        });
        found && self.all.iter().all(|one| one.holds(row)) && (self.any.is_empty() || self.any.iter().any(|one| one.holds(row)))
    }
}

impl Condition {
    fn holds(&self, row: &Value) -> bool {
        let text = row.get(&self.field).map(text_of).unwrap_or_default();
        let wanted = self.value.as_str();
        match self.comparison {
            Comparison::Equal => text == wanted,
            Comparison::Unequal => text != wanted,
            Comparison::Greater => text.as_str() > wanted,
            Comparison::GreaterOrEqual => text.as_str() >= wanted,
            Comparison::Less => text.as_str() < wanted,
            Comparison::LessOrEqual => text.as_str() <= wanted,
            Comparison::Contains => text.contains(wanted),
            Comparison::In => wanted.split('|').any(|one| one == text),
        }
    }
}

fn condition(text: &str, sign: &str) -> Result<Condition, Refusal> {
    let bad = || Refusal::Invalid(format!("filter is not of the form field:{sign}operator:value"));
    let mut parts = text.splitn(3, ':');
    let (Some(field), Some(operator), Some(value)) = (parts.next(), parts.next(), parts.next()) else { return Err(bad()) };
    let operator = operator.strip_prefix(sign).ok_or_else(bad)?;
    Ok(Condition { field: field.to_owned(), comparison: comparison(operator).ok_or_else(bad)?, value: value.to_owned() })
}

fn of_expression(expression: &Value) -> Result<Vec<Condition>, Refusal> {
    let bad = || Refusal::Invalid("an expression of the filter can't be read".to_owned());
    let mut conditions = Vec::new();
    for (field, value) in expression.as_object().ok_or_else(bad)? {
        match value {
            Value::Object(operators) => {
                for (operator, value) in operators {
                    let operator = operator.strip_prefix('$').and_then(comparison).ok_or_else(bad)?;
                    conditions.push(Condition { field: field.clone(), comparison: operator, value: text_of(value) });
                }
            }
            value => conditions.push(Condition { field: field.clone(), comparison: Comparison::Equal, value: text_of(value) }),
        }
    }
    Ok(conditions)
}

fn comparison(word: &str) -> Option<Comparison> {
    Some(match word {
        "eq" => Comparison::Equal,
        "ne" => Comparison::Unequal,
        "gt" => Comparison::Greater,
        "gte" | "ge" => Comparison::GreaterOrEqual,
        "lt" => Comparison::Less,
        "lte" | "le" => Comparison::LessOrEqual,
        "search" => Comparison::Contains,
        "in" => Comparison::In,
        _ => return None,
    })
}
