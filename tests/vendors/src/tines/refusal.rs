//! How Tines says no: an object of errors, a bare list of them, or text.

use serde_json::json;

use crate::wire::Reply;

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Unauthorized,
    Forbidden,
    NotFound,
    Invalid(&'static str, &'static str),
    TooMany,
}

impl Refusal {
    pub(super) fn into_reply(self) -> Reply {
        match self {
            Refusal::Unauthorized => Reply::json(
                401,
                &json!({ "errors": [{ "message": "Unauthorized", "details": "The API key is missing or not valid" }] }),
            ),
            Refusal::Forbidden => {
                Reply::json(403, &json!([{ "message": "Forbidden", "details": "This needs a tenant owner's key" }]))
            }
            Refusal::NotFound => Reply::text(404, "Not found"),
            Refusal::Invalid(field, why) => {
                Reply::json(422, &json!({ "errors": [{ "message": "Validation failed", "details": format!("{field} {why}") }] }))
            }
            Refusal::TooMany => Reply::text(429, "Rate limit exceeded"),
        }
    }
}
