//! `KEY=VALUE` on the command line.

use std::str::FromStr;

/// A key and its value, divided at the first `=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Before the `=`; not empty.
    pub key: String,
    /// After it; may be empty, and may hold further `=`.
    pub value: String,
}

impl FromStr for Pair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            // What was typed is not shown: it might be a secret put in the wrong place.
            None => Err("expected KEY=VALUE".to_owned()),
            Some((key, _)) if key.trim().is_empty() => Err("expected a key before the =".to_owned()),
            Some((key, value)) => Ok(Pair { key: key.trim().to_owned(), value: value.to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_divided_at_its_first_equals_sign() {
        let pair: Pair = "query=a=b".parse().unwrap();
        assert_eq!((pair.key.as_str(), pair.value.as_str()), ("query", "a=b"));
        assert_eq!("empty=".parse::<Pair>().unwrap().value, "");
    }

    #[test]
    fn what_is_no_pair_is_refused_without_repeating_it() {
        let refused = "hunter2".parse::<Pair>().unwrap_err();
        assert!(!refused.contains("hunter2"));
        assert!("=value".parse::<Pair>().is_err());
    }
}
