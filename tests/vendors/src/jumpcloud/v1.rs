//! Version 1: an envelope with a total.

use serde_json::{Value, json};

use super::filter::Filters;
use super::refusal::Refusal;
use super::{Visit, organizations, row, writes};
use crate::books::JumpCloud;
use crate::guarded::Guarded;
use crate::wire::Reply;

/// Answers below `/api`.
pub(super) fn answer(books: &Guarded<JumpCloud>, visit: &Visit<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
    match (visit.request.method.as_str(), parts) {
        ("GET", _) => read(&books.read(), visit, parts),
        ("POST", ["search", "systemusers"]) => search(&books.read(), visit),
        ("POST", ["systemusers"]) => writes::create_user(&mut books.write(), visit.request),
        ("PUT", ["systemusers", id]) => writes::update_user(&mut books.write(), id, visit.request),
        ("DELETE", ["systemusers", id]) => writes::delete_user(&mut books.write(), id),
        ("POST", ["systemusers", id, "state", "activate"]) => writes::activate_user(&mut books.write(), id),
        ("POST", ["systemusers", id, "unlock"]) => writes::unlock_user(&mut books.write(), id),
        ("POST", ["systemusers", id, "expire" | "resetmfa"]) => {
            books.read().user_key(id).map(|_| Reply::ok(&json!("OK"))).ok_or(Refusal::NotFound)
        }
        ("PUT", ["users", id]) => {
            let books = books.read();
            let number = books.admin_number(id).ok_or(Refusal::NotFound)?;
            Ok(Reply::ok(&row::admin(&books.admin(number), &row::organization(&books))))
        }
        (_, ["systemusers" | "applications" | "users" | "organizations" | "radiusservers", ..]) => Err(Refusal::Method),
        _ => Err(Refusal::NotFound),
    }
}

fn read(books: &JumpCloud, visit: &Visit<'_>, parts: &[&str]) -> Result<Reply, Refusal> {
    let organization = row::organization(books);
    match parts {
        ["systemusers"] => visit.list(books.rows(), |key| row::user(books.user(key), &organization)),
        ["systemusers", id] => {
            let key = books.user_key(id).ok_or(Refusal::NotFound)?;
            Ok(Reply::ok(&row::user(books.user(key), &organization)))
        }
        ["users"] => visit.list(&numbers(books.admin_count()), |number| row::admin(&books.admin(number), &organization)),
        ["applications"] => {
            let all = numbers(books.application_count());
            visit.list(&all, |number| row::application(&books.application(number), &organization))
        }
        ["applications", id] => {
            let number = books.application_number(id).ok_or(Refusal::NotFound)?;
            Ok(Reply::ok(&row::application(&books.application(number), &organization)))
        }
        ["radiusservers"] => {
            visit.list(&numbers(books.radius_count()), |number| row::radius(&books.radius(number), &organization))
        }
        ["organizations"] => Ok(organizations(books)),
        _ => Err(Refusal::NotFound),
    }
}

fn search(books: &JumpCloud, visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let body = visit.request.json().ok_or_else(|| Refusal::Invalid("the body is not JSON".to_owned()))?;
    let filters = Filters::read_search(&body)?;
    let organization = row::organization(books);
    let number = |name: &str, default: u64| body.get(name).and_then(Value::as_u64).unwrap_or(default);
    let values =
        books.rows().iter().map(|key| serde_json::to_value(row::user(books.user(*key), &organization)).unwrap_or(Value::Null));
    let found: Vec<Value> = values.filter(|value| filters.hold(value)).collect();
    let page = crate::pages::Window::skip(number("skip", 0), number("limit", 10).clamp(1, 100));
    Ok(Reply::ok(&json!({ "totalCount": found.len(), "results": page.of(&found) })))
}

/// The numbers below a count.
pub(super) fn numbers(count: u32) -> Vec<u32> {
    (0..count).collect()
}
