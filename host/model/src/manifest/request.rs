//! Requests that a manifest asks for beyond reading.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One request that is allowed beyond reading with GET and HEAD: a method and a path prefix below the base URL's path.
///
/// ```
/// let rule: headcount_model::manifest::RequestRule = "POST /customer/licenses/revoke".parse().unwrap();
/// assert_eq!(rule.method, "POST");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct RequestRule {
    /// The method, in capitals.
    pub method: String,
    /// The path prefix below the base URL; it matches whole segments. `*` stands for any one segment.
    pub path: String,
}

impl std::str::FromStr for RequestRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (method, path) = text.split_once(' ').ok_or("expected a method, a space and a path: POST /search")?;
        if method.is_empty() || !method.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(format!("{method:?} is not a method in capitals"));
        }
        if matches!(method, "CONNECT" | "TRACE") {
            return Err(format!("{method} is never allowed"));
        }
        let well_formed = path.starts_with('/')
            && path.split('/').skip(1).all(|segment| {
                !segment.is_empty()
                    && segment != "."
                    && segment != ".."
                    && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~*".contains(&b))
            });
        if !well_formed {
            return Err(format!("{path:?} is not a path of plain segments, beginning with /"));
        }
        Ok(RequestRule { method: method.to_owned(), path: path.to_owned() })
    }
}

impl TryFrom<String> for RequestRule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<RequestRule> for String {
    fn from(rule: RequestRule) -> String {
        format!("{} {}", rule.method, rule.path)
    }
}
