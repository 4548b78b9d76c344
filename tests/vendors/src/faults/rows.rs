//! Faults of the rows on a page, and of what a page says of its list.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::wire::Reply;

/// The page without rows, and without a word of a next one.
pub(super) fn lost(mut reply: Reply) -> Reply {
    for link in reply.headers.iter_mut().filter(|header| header.0.eq_ignore_ascii_case("link")) {
        link.1 = "<None>; rel=\"first\"".to_owned();
    }
    change(reply, |body| {
        each_list(body, Vec::clear);
        for name in ["next_page", "next_page_number"] {
            if let Some(next) = body.get_mut("meta").and_then(|meta| meta.get_mut(name)) {
                *next = Value::Null;
            }
        }
        if let Some(next) = body.get_mut("next") {
            *next = Value::Null;
        }
    })
}

/// The page without its first row, of a list that has one less.
pub(super) fn shifted(reply: Reply) -> Reply {
    let reply = change(reply, |body| each_list(body, |rows| drop(rows.drain(..rows.len().min(1)))));
    total_changed(reply, -1)
}

/// The page without its last row.
pub(super) fn cut_short(reply: Reply) -> Reply {
    change(reply, |body| each_list(body, |rows| drop(rows.pop())))
}

/// Another total, where one is stated.
pub(super) fn total_changed(mut reply: Reply, by: i64) -> Reply {
    for total in reply.headers.iter_mut().filter(|header| header.0.eq_ignore_ascii_case("x-total-count")) {
        total.1 = (total.1.parse::<i64>().unwrap_or(0) + by).to_string();
    }
    change(reply, |body| {
        if let Some(total) = body.get_mut("totalCount") {
            *total = json!(total.as_i64().unwrap_or(0) + by);
        }
    })
}

/// Words in place of the dates of the first row.
pub(super) fn bad_date(reply: Reply) -> Reply {
    change(reply, |body| {
        each_list(body, |rows| {
            if let Some(row) = rows.first_mut() {
                undate(row);
            }
        });
    })
}

/// Something else at a place of every row that has a text, given in lower case.
pub(super) fn changed(reply: Reply, with: &str, at: &str, instead: Option<&Value>) -> Reply {
    let (parent, name) = at.rsplit_once('/').unwrap_or(("", at));
    change(reply, |body| {
        each_list(body, |rows| {
            let struck = rows.iter_mut().filter(|row| row.to_string().to_lowercase().contains(with));
            for fields in struck.filter_map(|row| row.pointer_mut(parent)?.as_object_mut()) {
                match instead {
                    Some(value) => drop(fields.insert(name.to_owned(), value.clone())),
                    None => drop(fields.remove(name)),
                }
            }
        });
    })
}

fn undate(value: &mut Value) {
    let is_date = |text: &str| {
        text.len() >= 10
            && text.bytes().zip(b"0000-00-00").all(|(is, like)| if *like == b'-' { is == b'-' } else { is.is_ascii_digit() })
    };
    match value {
        Value::String(text) if is_date(text) => "the day before yesterday".clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(undate),
        Value::Object(fields) => fields.values_mut().for_each(undate),
        _ => {}
    }
}

/// The rows of a page: the body itself, or the lists in its envelope.
fn each_list(body: &mut Value, change: impl Fn(&mut Vec<Value>)) {
    match body {
        Value::Array(rows) => change(rows),
        Value::Object(fields) => fields.values_mut().filter_map(Value::as_array_mut).for_each(change),
        _ => {}
    }
}

fn change(reply: Reply, change: impl FnOnce(&mut Value)) -> Reply {
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else { return reply };
    change(&mut body);
    Reply { body: Bytes::from(body.to_string()), ..reply }
}
