//! Changing devices and removing users.

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::row;
use crate::books::Kandji;
use crate::wire::{Reply, Request};

/// DELETE /users/{id}: refused while the user has devices.
pub(super) fn delete_user(books: &mut Kandji, id: &str, with_text: bool) -> Result<Reply, Refusal> {
    let key = books.user_key(id).ok_or(Refusal::NotFound)?;
    if books.device_count(key) > 0 {
        return Err(Refusal::Assigned);
    }
    books.remove_user(key);
    Ok(if with_text { Reply::ok(&json!({ "detail": "User deleted successfully" })) } else { Reply::empty(204) })
}

/// PATCH /devices/{id}: null unassigns; the old integer ids of users are no longer taken.
pub(super) fn update_device(books: &mut Kandji, id: &str, request: &Request) -> Result<Reply, Refusal> {
    let key = books.device_key(id).ok_or(Refusal::NotFound)?;
    let body = request.json().ok_or(Refusal::Field("detail", "JSON parse error"))?;
    let fields = body.as_object().ok_or(Refusal::List("Invalid data. Expected a dictionary."))?;
    let mut device = books.device(key);
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("user", Value::Null) => device.user = None,
            ("user", Value::String(id)) => {
                device.user = Some(books.user_key(id).ok_or(Refusal::Field("user", "User does not exist."))?);
            }
            ("user", _) => return Err(Refusal::Field("user", "Must be a valid UUID.")),
            ("asset_tag", Value::Null) => device.asset_tag = String::new(),
            ("asset_tag", Value::String(tag)) => device.asset_tag.clone_from(tag),
            ("tags", Value::Array(tags)) => device.tags = tags.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            ("asset_tag" | "tags", _) => return Err(Refusal::Text("Not a valid value.")),
            _ => {}
        }
    }
    books.put(key, device);
    Ok(Reply::ok(&row::device(books, key)))
}
