//! How JetBrains says no: mostly a code and a description, sometimes a page of HTML.

use serde_json::{Value, json};

use crate::wire::Reply;

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A page of HTML with this status.
    Html(u16),
    MissingToken,
    MissingCustomer,
    InvalidToken,
    ReadOnly,
    TeamMismatch(i64),
    TokenType,
    LicenseNotFound(String),
    TeamNotFound(String),
    ProductNotFound(String),
    MissingField,
    NotAvailable(&'static str),
    NoneAvailable {
        team: i64,
        product: String,
    },
    ContactEmail(String),
    ContactName,
    Recent,
}

impl Refusal {
    pub(super) fn into_reply(self) -> Reply {
        let (status, code, description): (u16, &str, Value) = match self {
            Refusal::Html(405) => return Reply::html(405, "405 Method Not Allowed"),
            Refusal::Html(404) => return Reply::html(404, "404 Not Found"),
            Refusal::Html(status) => return Reply::html(status, "400 Bad Request"),
            Refusal::MissingToken => (401, "MISSING_TOKEN_HEADER", json!("X-Api-Key header is required")),
            Refusal::MissingCustomer => (401, "MISSING_CUSTOMER_HEADER", json!("X-Customer-Code header is required")),
            Refusal::InvalidToken => (401, "INVALID_TOKEN", json!("The token provided is invalid")),
            Refusal::ReadOnly => (403, "INSUFFICIENT_PERMISSIONS", Value::Null),
            Refusal::TeamMismatch(team) => (403, "TEAM_MISMATCH", json!(format!("Token was generated for team with id {team}"))),
            Refusal::TokenType => (403, "TOKEN_TYPE_MISMATCH", Value::Null),
            Refusal::LicenseNotFound(id) => (404, "LICENSE_NOT_FOUND", json!(id)),
            Refusal::TeamNotFound(id) => (404, "TEAM_NOT_FOUND", json!(id)),
            Refusal::ProductNotFound(code) => (404, "PRODUCT_NOT_FOUND", json!(code)),
            Refusal::MissingField => (400, "MISSING_FIELD", json!("Either licenseId or license must be provided")),
            Refusal::NotAvailable(why) => (400, "LICENSE_IS_NOT_AVAILABLE_TO_ASSIGN", json!(why)),
            Refusal::NoneAvailable { team, product } => {
                let text = format!("No available license found to assign in the team {team} with product {product}");
                (400, "NO_AVAILABLE_LICENSE_TO_ASSIGN", json!(text))
            }
            Refusal::ContactEmail(email) => (400, "INVALID_CONTACT_EMAIL", json!(email)),
            Refusal::ContactName => (400, "INVALID_CONTACT_NAME", json!("This field can't be empty.")),
            Refusal::Recent => (400, "RECENTLY_ASSIGNED_LICENSE_IS_NOT_AVAILABLE_FOR_REVOKE", Value::Null),
        };
        Reply::json(status, &json!({ "code": code, "description": description }))
    }
}
