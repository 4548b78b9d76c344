//! Lists: skip, limit, sort, filter and fields, in both dialects.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Visit;
use super::filter::Filters;
use super::refusal::Refusal;
use crate::pages::Window;
use crate::wire::Reply;

/// The largest page.
const LARGEST: u64 = 100;

/// What a list's request asks for.
pub(super) struct Asked {
    window: Window,
    sort: Vec<String>,
    fields: Vec<String>,
    filters: Filters,
}

impl Visit<'_> {
    /// Reads what a list is asked for.
    pub(super) fn asked(&self) -> Result<Asked, Refusal> {
        let number = |name: &str, default| {
            self.request.query.number(name, default).ok_or_else(|| Refusal::Invalid(format!("{name} must be a number")))
        };
        let (limit, skip) = (number("limit", 10)?, number("skip", 0)?);
        let limit = match limit {
            0 => 10,
            _ if limit > LARGEST && self.v2 => return Err(Refusal::Invalid("limit may be at most 100".to_owned())),
            _ => limit.min(LARGEST),
        };
        let limit = limit.min(self.request.largest(LARGEST));
        let separator = if self.v2 { ',' } else { ' ' };
        let words = |name: &str| {
            let values = self.request.query.all(name).flat_map(move |value| value.split(separator));
            values.map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        Ok(Asked {
            window: Window::skip(skip, limit),
            sort: words("sort"),
            fields: words("fields"),
            filters: Filters::read(self.request, self.v2)?,
        })
    }

    /// One page of a list whose rows stand in the order of their ids.
    pub(super) fn list<T: Copy, W: Serialize>(&self, rows: &[T], wire: impl Fn(T) -> W) -> Result<Reply, Refusal> {
        let asked = self.asked()?;
        let is_id = |field: &str| matches!(field, "_id" | "id");
        let (is_plain, first) = (asked.filters.is_empty() && asked.fields.is_empty(), asked.sort.first().map(String::as_str));
        let page = match first {
            None if is_plain => asked.window.shifted(rows, self.shift),
            Some(field) if is_plain && is_id(field) => asked.window.of(rows).to_vec(),
            _ => return self.slow_list(rows, wire, &asked),
        };
        let page: Vec<W> = page.into_iter().map(wire).collect();
        Ok(self.envelope(rows.len(), &page))
    }

    /// The same for any order, filter and choice of fields: every row is made and looked at.
    fn slow_list<T: Copy, W: Serialize>(&self, rows: &[T], wire: impl Fn(T) -> W, asked: &Asked) -> Result<Reply, Refusal> {
        let values = rows.iter().map(|row| serde_json::to_value(wire(*row)).unwrap_or(Value::Null));
        let mut found: Vec<Value> = values.filter(|value| asked.filters.hold(value)).collect();
        if asked.sort.is_empty() && !found.is_empty() {
            let length = found.len();
            found.rotate_left(self.shift % length);
        }
        for field in asked.sort.iter().rev() {
            let (field, down) = field.strip_prefix('-').map_or((field.as_str(), false), |field| (field, true));
            found.sort_by_cached_key(|row| row.get(field).map(text_of).unwrap_or_default());
            if down {
                found.reverse();
            }
        }
        let page: Vec<Value> = asked.window.of(&found).iter().map(|row| only(row, &asked.fields)).collect();
        Ok(self.envelope(found.len(), &page))
    }

    /// A page of connections, which can't be sorted.
    pub(super) fn connections<T: Copy, W: Serialize>(&self, rows: &[T], wire: impl Fn(T) -> W) -> Result<Reply, Refusal> {
        let page: Vec<W> = self.asked()?.window.of(rows).iter().map(|row| wire(*row)).collect();
        Ok(self.envelope(rows.len(), &page))
    }

    fn envelope<W: Serialize>(&self, total: usize, page: &[W]) -> Reply {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Counted<'a, W> {
            total_count: usize,
            results: &'a [W],
        }
        match (self.v2, self.switches.jumpcloud_total) {
            (true, true) => Reply::ok(&page).header("x-total-count", total),
            (true, false) => Reply::ok(&page),
            (false, _) => Reply::ok(&Counted { total_count: total, results: page }),
        }
    }
}

/// A value as text that sorts.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn only(row: &Value, fields: &[String]) -> Value {
    match row {
        Value::Object(all) if !fields.is_empty() => {
            let wanted = |name: &str| matches!(name, "_id" | "id") || fields.iter().any(|field| field == name);
            json!(
                all.iter()
                    .filter(|field| wanted(field.0))
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect::<Map<_, _>>()
            )
        }
        _ => row.clone(),
    }
}
