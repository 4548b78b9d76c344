//! Limits that somebody set: the operator, a tenant, or for one connection. Each leaves open what it does not name.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::resource::Resource;

/// Limits that somebody set. As text, each is a name and an amount with its unit: `memory = "128 MiB"`, `call = "2 min"`,
/// `requests-per-minute = 60`.
///
/// ```
/// use headcount_model::{Limits, Resource};
/// let mut limits = Limits::default();
/// limits.set("memory", "128 MiB")?;
/// assert_eq!(limits.get(Resource::Memory), Some(128 << 20));
/// # Ok::<(), headcount_model::LimitError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits(BTreeMap<Resource, u64>);

/// Why a limit can't be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// Nothing that can be set has this name.
    #[error(
        "there is no budget {:?} that can be set; there are: {}",
        crate::printable(.0),
        Resource::SETTABLE.map(Resource::name).join(", ")
    )]
    Unknown(String),
    /// The amount can't be read.
    #[error("{}={:?}: {problem}", .resource.name(), crate::printable(.text))]
    Amount {
        /// Of what.
        resource: Resource,
        /// What was given.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Limits {
    /// Sets a limit by name, in words.
    ///
    /// # Errors
    /// Nothing has this name, or the amount can't be read or is zero.
    pub fn set(&mut self, name: &str, amount: &str) -> Result<(), LimitError> {
        let resource: Resource = name.parse()?;
        let wrong = |problem: String| LimitError::Amount { resource, text: amount.to_owned(), problem };
        match resource.unit().parse(amount).map_err(wrong)? {
            0 => Err(wrong("it must be more than zero".to_owned())),
            amount => {
                self.0.insert(resource, amount);
                Ok(())
            }
        }
    }

    /// Takes a limit away.
    pub fn clear(&mut self, resource: Resource) {
        self.0.remove(&resource);
    }

    /// The limit of a resource, in its unit.
    pub fn get(&self, resource: Resource) -> Option<u64> {
        self.0.get(&resource).copied()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (Resource, u64)> {
        self.0.iter().map(|(resource, amount)| (*resource, *amount))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Limits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(resource, amount)| (resource.name(), resource.unit().show(amount))))
    }
}

impl<'de> Deserialize<'de> for Limits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Amount {
            Number(u64),
            Text(String),
        }
        let mut limits = Limits::default();
        for (name, amount) in BTreeMap::<String, Amount>::deserialize(deserializer)? {
            let amount = match amount {
                Amount::Number(number) => number.to_string(),
                Amount::Text(text) => text,
            };
            limits.set(&name, &amount).map_err(D::Error::custom)?;
        }
        Ok(limits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_back_as_they_were_written() {
        let mut limits = Limits::default();
        for (name, amount) in [("memory", "100000001"), ("call", "90 s"), ("requests-per-hour", "7")] {
            limits.set(name, amount).unwrap();
        }
        let text = serde_json::to_string(&limits).unwrap();
        assert_eq!(text, r#"{"memory":"100000001 B","call":"90 s","requests-per-hour":"7"}"#);
        assert_eq!(serde_json::from_str::<Limits>(&text).unwrap(), limits);
    }

    #[test]
    fn what_can_not_be_set_is_named_with_what_can() {
        for (name, amount) in [("memroy", "1"), ("handles", "1"), ("memory", "0"), ("call", "300"), ("records", "x")] {
            let refused = Limits::default().set(name, amount).unwrap_err().to_string();
            assert!(refused.contains(name), "{refused}");
        }
        assert!(serde_json::from_str::<Limits>(r#"{"memory": -1}"#).is_err());
        assert!(serde_json::from_str::<Limits>(r#"{"nothing": 1}"#).unwrap_err().to_string().contains("requests-per-second"));
    }

    #[test]
    fn every_resource_that_can_be_set_is_found_by_its_name() {
        for resource in Resource::SETTABLE {
            assert_eq!(resource.name().parse::<Resource>(), Ok(resource));
            assert_eq!(serde_json::to_value(resource).unwrap(), resource.name());
        }
    }
}
