//! An id that a row must have, written as text or as a number.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

/// An id as vendors write it: text that is not empty, or a whole number. Anything else, null too, makes the row one that can't be read,
/// so that nothing is taken for another or for nobody.
///
/// ```
/// # use headcount_connector::prelude::*;
/// #[derive(Deserialize)]
/// struct Team { id: Id }
/// let team = |text| serde_json::from_str::<Team>(text).map(|team| team.id.to_string());
/// assert_eq!(team(r#"{"id": 9007199254740993}"#).unwrap(), "9007199254740993");
/// assert_eq!(team(r#"{"id": "a-7"}"#).unwrap(), "a-7");
/// assert!(team(r#"{"id": ""}"#).is_err() && team(r#"{"id": null}"#).is_err() && team("{}").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id(String);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl Visitor<'_> for Written {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Id, E> {
                if text.is_empty() { Err(E::invalid_value(Unexpected::Str(text), &self)) } else { Ok(Id(text.to_owned())) }
            }

            fn visit_u64<E>(self, number: u64) -> Result<Id, E> {
                Ok(Id(number.to_string()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Id, E> {
                Ok(Id(number.to_string()))
            }
        }

        deserializer.deserialize_any(Written)
    }
}
