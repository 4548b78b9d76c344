//! Changing users, memberships and bindings.

use serde::Deserialize;
use serde_json::{Value, json};

use super::graph::number_of;
use super::refusal::Refusal;
use super::row;
use crate::books::JumpCloud;
use crate::books::jumpcloud::{Principal, Resource, State, SystemUser};
use crate::wire::{Reply, Request};

/// A change of a connection.
#[derive(Deserialize)]
struct Operation {
    op: String,
    r#type: String,
    id: String,
}

impl Operation {
    fn read(request: &Request) -> Result<Self, Refusal> {
        serde_json::from_slice(&request.body).map_err(|_| Refusal::Invalid("op, type and id are required".to_owned()))
    }
}

fn object(request: &Request) -> Result<serde_json::Map<String, Value>, Refusal> {
    match request.json() {
        Some(Value::Object(fields)) => Ok(fields),
        _ => Err(Refusal::Invalid("the body is not a JSON object".to_owned())),
    }
}

/// Takes over the fields that a write may change.
fn change(user: &mut SystemUser, fields: &serde_json::Map<String, Value>, now: crate::company::Moment) -> Result<(), Refusal> {
    for (name, value) in fields {
        let wrong = || Refusal::Invalid(format!("{name} has the wrong type"));
        match (name.as_str(), value) {
            ("state", Value::String(state)) => {
                let state = match state.as_str() {
                    "ACTIVATED" => State::Activated,
                    "SUSPENDED" => State::Suspended,
                    _ => return Err(Refusal::Invalid("state must be ACTIVATED or SUSPENDED".to_owned())),
                };
                user.state = Some(state);
                user.suspended = state == State::Suspended;
            }
            ("suspended", Value::Bool(suspended)) => {
                user.suspended = *suspended;
                user.state = Some(if *suspended { State::Suspended } else { State::Activated });
            }
            ("account_locked", Value::Bool(locked)) => user.locked = locked.then(|| now.to_millis()),
            ("email", Value::String(text)) => user.email.clone_from(text),
            ("username", Value::String(text)) => user.user_name.clone_from(text),
            ("alternateEmail", Value::String(text)) => user.alternate_email.clone_from(text),
            ("firstname", Value::String(text)) => user.first.clone_from(text),
            ("middlename", Value::String(text)) => user.middle.clone_from(text),
            ("lastname", Value::String(text)) => user.last.clone_from(text),
            ("displayname", Value::String(text)) => user.display.clone_from(text),
            ("department", Value::String(text)) => user.department.clone_from(text),
            ("jobTitle", Value::String(text)) => user.title.clone_from(text),
            ("location", Value::String(text)) => user.location.clone_from(text),
            ("manager", Value::String(text)) => user.manager.clone_from(text),
            ("employeeIdentifier", Value::String(text)) => user.employee = Some(text.clone()),
            ("employeeIdentifier", Value::Null) => user.employee = None,
            ("state" | "suspended" | "account_locked" | "email" | "username" | "firstname" | "lastname", _) => {
                return Err(wrong());
            }
            _ => {}
        }
    }
    Ok(())
}

/// POST /systemusers
pub(super) fn create_user(books: &mut JumpCloud, request: &Request) -> Result<Reply, Refusal> {
    let fields = object(request)?;
    let mut user = SystemUser {
        id: String::new(),
        user_name: String::new(),
        email: String::new(),
        alternate_email: String::new(),
        first: String::new(),
        middle: String::new(),
        last: String::new(),
        display: String::new(),
        state: Some(State::Staged),
        suspended: false,
        locked: None,
        activated: false,
        department: String::new(),
        title: String::new(),
        location: String::new(),
        employee: None,
        manager: String::new(),
        mfa: false,
        created: books.company().now().to_millis(),
        admin: None,
        unix: 1,
    };
    change(&mut user, &fields, books.company().now())?;
    if user.user_name.is_empty() || !user.email.contains('@') {
        return Err(Refusal::Invalid("username and email are required".to_owned()));
    }
    let key = books.add_user(user);
    Ok(Reply::ok(&row::user(books.user(key), &row::organization(books))))
}

/// PUT /systemusers/{id}
pub(super) fn update_user(books: &mut JumpCloud, id: &str, request: &Request) -> Result<Reply, Refusal> {
    let key = books.user_key(id).ok_or(Refusal::NotFound)?;
    let fields = object(request)?;
    let mut user = books.user(key);
    change(&mut user, &fields, books.company().now())?;
    books.put_user(key, user.clone());
    Ok(Reply::ok(&row::user(user, &row::organization(books))))
}

/// DELETE /systemusers/{id}
pub(super) fn delete_user(books: &mut JumpCloud, id: &str) -> Result<Reply, Refusal> {
    let key = books.user_key(id).ok_or(Refusal::NotFound)?;
    let user = books.user(key);
    books.remove_user(key);
    Ok(Reply::ok(&row::user(user, &row::organization(books))))
}

/// POST /systemusers/{id}/state/activate
pub(super) fn activate_user(books: &mut JumpCloud, id: &str) -> Result<Reply, Refusal> {
    let key = books.user_key(id).ok_or(Refusal::NotFound)?;
    let user = books.user(key);
    if user.state != Some(State::Staged) {
        return Err(Refusal::Conflict("the user is not staged"));
    }
    books.put_user(key, SystemUser { state: Some(State::Activated), activated: true, ..user });
    Ok(Reply::ok(&json!("OK")))
}

/// POST /systemusers/{id}/unlock
pub(super) fn unlock_user(books: &mut JumpCloud, id: &str) -> Result<Reply, Refusal> {
    let key = books.user_key(id).ok_or(Refusal::NotFound)?;
    let user = books.user(key);
    books.put_user(key, SystemUser { locked: None, ..user });
    Ok(Reply::ok(&json!("OK")))
}

/// POST /usergroups/{id}/members: 409 for one who is a member, 404 for one who is none.
pub(super) fn change_members(books: &mut JumpCloud, id: &str, request: &Request) -> Result<Reply, Refusal> {
    let group = books.group_number(id).ok_or(Refusal::NotFound)?;
    let operation = Operation::read(request)?;
    if operation.r#type != "user" {
        return Err(Refusal::Invalid("type must be user".to_owned()));
    }
    let key = books.user_key(&operation.id).ok_or_else(|| Refusal::Invalid("no such user".to_owned()))?;
    let mut members: Vec<u32> = books.members(group).to_vec();
    match (operation.op.as_str(), members.binary_search(&key)) {
        ("add", Ok(_)) => return Err(Refusal::Conflict("Already Exists")),
        ("add", Err(place)) => members.insert(place, key),
        ("remove", Ok(place)) => {
            members.remove(place);
        }
        ("update", Ok(_)) => {}
        ("remove" | "update", Err(_)) => return Err(Refusal::NotFound),
        _ => return Err(Refusal::Invalid("op must be add, remove or update".to_owned())),
    }
    books.put_members(group, members);
    Ok(Reply::empty(204))
}

/// POST /applications/{id}/associations, and the same of LDAP and RADIUS servers.
pub(super) fn change_access(books: &mut JumpCloud, resource: Resource, id: &str, request: &Request) -> Result<Reply, Refusal> {
    let number = number_of(books, resource, id)?;
    let operation = Operation::read(request)?;
    let principal = match operation.r#type.as_str() {
        "user" => books.user_key(&operation.id).map(Principal::User),
        "user_group" => books.group_number(&operation.id).map(Principal::Group),
        _ => None,
    };
    let principal = principal.ok_or_else(|| Refusal::Invalid("no such user or group".to_owned()))?;
    let mut bound = books.access(resource, number);
    let is_bound = bound.contains(&principal);
    match operation.op.as_str() {
        "add" if is_bound => return Err(Refusal::Conflict("Already Exists")),
        "add" => bound.push(principal),
        "remove" if is_bound => bound.retain(|one| *one != principal),
        "update" if is_bound => {}
        "remove" | "update" => return Err(Refusal::NotFound),
        _ => return Err(Refusal::Invalid("op must be add, remove or update".to_owned())),
    }
    books.put_access(resource, number, bound);
    Ok(Reply::empty(204))
}

/// POST /bulk/userstates: the change happens at once, whatever its start date.
pub(super) fn bulk_states(books: &mut JumpCloud, request: &Request) -> Result<Reply, Refusal> {
    let fields = object(request)?;
    let bad = || Refusal::Invalid("user_ids and state are required".to_owned());
    let ids: Vec<String> = fields.get("user_ids").and_then(|ids| serde_json::from_value(ids.clone()).ok()).ok_or_else(bad)?;
    let word = fields.get("state").and_then(Value::as_str).ok_or_else(bad)?;
    let state = match word {
        "SUSPENDED" => State::Suspended,
        "ACTIVATED" => State::Activated,
        _ => return Err(bad()),
    };
    let date = books.company().now().millis();
    let mut results = Vec::new();
    for id in ids {
        let key = books.user_key(&id).ok_or_else(|| Refusal::Invalid(format!("no such user: {id}")))?;
        let user = books.user(key);
        books.put_user(key, SystemUser { state: Some(state), suspended: state == State::Suspended, ..user });
        results.push(json!({ "scheduledJobId": format!("job-{key}"), "scheduledDate": date, "state": word, "systemUserId": id }));
    }
    Ok(Reply::json(201, &results))
}
