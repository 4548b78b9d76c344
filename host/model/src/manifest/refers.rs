//! What a field of an action's input points at: so that a person is shown whom or what an action concerns.

use std::fmt;
use std::str::FromStr;

use crate::Kind;

/// The word in a property of an action's input schema: `refers-to = "license"`.
pub const REFERS_TO: &str = "refers-to";

/// What a field of an action's input points at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefersTo {
    /// A record of this kind, by the vendor's id.
    Record(Kind),
    /// The users with this e-mail address.
    Email,
    /// The licenses of this product, by the product's id.
    Product,
}

impl fmt::Display for RefersTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RefersTo::Record(kind) => kind.fmt(f),
            RefersTo::Email => f.write_str("email"),
            RefersTo::Product => f.write_str("product"),
        }
    }
}

impl FromStr for RefersTo {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text, text.parse::<Kind>()) {
            ("email", _) => Ok(RefersTo::Email),
            ("product", _) => Ok(RefersTo::Product),
            (_, Ok(kind)) if kind != Kind::Grant => Ok(RefersTo::Record(kind)),
            _ => Err("must be user, group, role, application, license, asset, email or product"),
        }
    }
}
