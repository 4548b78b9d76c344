//! How Kandji says no: an error, a detail, a field with reasons, a bare list, a bare string, or its gateway's message.

use serde_json::json;

use crate::company::draw::mix;
use crate::wire::Reply;

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Unauthorized,
    Forbidden,
    NotFound,
    Method(String),
    Assigned,
    Field(&'static str, &'static str),
    List(&'static str),
    Text(&'static str),
    NoRoute(u64),
    TooMany,
}

impl Refusal {
    pub(super) fn into_reply(self) -> Reply {
        match self {
            Refusal::Unauthorized => Reply::json(401, &json!({ "error": "Unauthorized" })),
            Refusal::Forbidden => Reply::json(403, &json!({ "detail": "You do not have permission to perform this action." })),
            Refusal::NotFound => Reply::json(404, &json!({ "detail": "Not found." })),
            Refusal::Method(method) => Reply::json(405, &json!({ "detail": format!("Method \"{method}\" not allowed.") })),
            Refusal::Assigned => Reply::json(400, &json!({ "detail": "User still assigned to one or more devices." })),
            Refusal::Field(field, why) => Reply::json(400, &json!({ field: [why] })),
            Refusal::List(why) => Reply::json(400, &json!([why])),
            Refusal::Text(why) => Reply::json(400, &json!(why)),
            Refusal::NoRoute(number) => {
                let id = format!("{:016x}{:016x}", mix(number), mix(mix(number)));
                Reply::json(404, &json!({ "message": "no Route matched with those values", "request_id": id }))
            }
            Refusal::TooMany => Reply::json(429, &json!({ "message": "API rate limit exceeded" })),
        }
    }
}
