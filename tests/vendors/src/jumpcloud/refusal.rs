//! How JumpCloud says no: code, message and status, or nothing at all.

use serde_json::json;

use crate::wire::Reply;

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Unauthorized { empty: bool },
    Forbidden,
    NotFound,
    Invalid(String),
    Conflict(&'static str),
    Method,
}

impl Refusal {
    pub(super) fn into_reply(self) -> Reply {
        let (code, message, status) = match self {
            Refusal::Unauthorized { empty: true } => return Reply::empty(401),
            Refusal::Unauthorized { empty: false } => return Reply::json(401, &json!({ "message": "Unauthorized" })),
            Refusal::Forbidden => (403, "Forbidden".to_owned(), "PERMISSION_DENIED"),
            Refusal::NotFound => (404, "Not Found".to_owned(), "NOT_FOUND"),
            Refusal::Invalid(message) => {
                let details = json!([{ "@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [] }]);
                let body = json!({ "code": 400, "message": message, "status": "INVALID_ARGUMENT", "details": details });
                return Reply::json(400, &body);
            }
            Refusal::Conflict(message) => (409, message.to_owned(), "ALREADY_EXISTS"),
            Refusal::Method => (405, "Method Not Allowed".to_owned(), "UNIMPLEMENTED"),
        };
        Reply::json(code, &json!({ "code": code, "message": message, "status": status }))
    }
}
