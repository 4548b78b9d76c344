//! Vendor fields that must not be kept: those that the manifest names, and those whose names say secret.

mod readable;
mod reader;

use std::borrow::Cow;

use serde_json::Value;

use readable::Readable;
use reader::Reader;

/// Removes, at any depth, fields that must never be kept.
pub(crate) struct Sieve {
    /// Lower-case names from the manifest.
    never_kept: Vec<String>,
    /// One of them can be spelled with other escapes than `\u`.
    is_escapable: bool,
}

/// Words that, as a part of a field's name, say that its text is a secret.
const TELLTALE: [&str; 10] =
    ["secret", "password", "passwd", "passphrase", "passcode", "pwd", "key", "token", "hash", "credential"];

impl Sieve {
    pub(crate) fn new(never_kept: &[String]) -> Self {
        let is_escapable =
            never_kept.iter().flat_map(|name| name.chars()).any(|c| matches!(c, '"' | '\\' | '/') || c.is_control());
        Sieve { never_kept: never_kept.iter().map(|name| name.to_ascii_lowercase()).collect(), is_escapable }
    }

    /// The JSON text without the fields that must not be kept; the very bytes when there are none.
    ///
    /// A field that comes twice is dropped if either must not be kept.
    /// None when the text is not a JSON object, or no reader of JSON takes it.
    pub(crate) fn clean<'a>(&self, json: &'a str) -> Option<Cow<'a, str>> {
        if !self.may_hold_secret(json) {
            let is_object = json.trim_start().starts_with('{') && serde_json::from_str::<Readable>(json).is_ok();
            return is_object.then_some(Cow::Borrowed(json));
        }
        let (mut value, repeated) = Reader::read(self, json)?;
        if !value.is_object() {
            return None;
        }
        let found = self.strip(&mut value);
        Some(if found || repeated { Cow::Owned(value.to_string()) } else { Cow::Borrowed(json) })
    }

    /// A quick look that spares most records the taking apart. Escapes could hide a name, so any escape counts as a hit.
    fn may_hold_secret(&self, json: &str) -> bool {
        const STEMS: [&str; 9] = ["secret", "passw", "passphrase", "passcode", "pwd", "key", "token", "hash", "credential"];
        let lower = json.to_ascii_lowercase();
        lower.contains("\\u")
            || (self.is_escapable && lower.contains('\\'))
            || STEMS.iter().any(|stem| lower.contains(stem))
            || self.never_kept.iter().any(|name| lower.contains(name.as_str()))
    }

    /// Whether anything was taken out.
    fn strip(&self, value: &mut Value) -> bool {
        let mut found = false;
        match value {
            Value::Object(object) => {
                let before = object.len();
                object.retain(|name, value| !self.is_forbidden(name, value));
                found = object.len() < before;
                for value in object.values_mut() {
                    found |= self.strip(value);
                }
            }
            Value::Array(items) => {
                for item in items {
                    found |= self.strip(item);
                }
            }
            _ => {}
        }
        found
    }

    fn is_forbidden(&self, name: &str, value: &Value) -> bool {
        if self.never_kept.contains(&name.to_ascii_lowercase()) {
            return true;
        }
        // A flag, a number or a date says something about a secret, but is none.
        let may_be_secret = match value {
            Value::String(text) => !text.is_empty() && headcount_model::Timestamp::parse(text).is_err(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(object) => object.values().any(Value::is_string),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        };
        may_be_secret && words(name).any(|word| TELLTALE.iter().any(|telltale| word.ends_with(telltale)))
    }
}

/// The words of `apiKey`, `private_key`, `SSH-Keys`, in lower case; a plural also without its s.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut previous_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && previous_lower) {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        previous_lower = c.is_lowercase() || c.is_numeric();
    }
    words.into_iter().map(|word| match word.strip_suffix('s') {
        Some(singular) if TELLTALE.iter().any(|telltale| singular.ends_with(telltale)) => singular.to_owned(),
        _ => word,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, kept: &str) {
        let sieve = Sieve::new(&["sharedSecret".to_owned(), "idpPrivateKey".to_owned(), "pin".to_owned()]);
        assert_eq!(sieve.clean(json).as_deref(), Some(kept));
    }

    #[test]
    fn secrets_are_dropped_at_any_depth() {
        check(
            r#"{"name":"vpn","sharedSecret":"abc","config":{"idpPrivateKey":{"value":"x"},"url":"u"}}"#,
            r#"{"config":{"url":"u"},"name":"vpn"}"#,
        );
        check(r#"{"a":[{"apiKey":"k","n":1}]}"#, r#"{"a":[{"n":1}]}"#);
        check(r#"{"ssh_keys":[{"x":1}],"pin":4}"#, "{}");
        check(r#"{"api\u004bey":"k"}"#, "{}");
        check(r#"{"apikey":"k","APIKey":"k","SSHKeys":["k"],"accesstoken":"k","pwd":"p"}"#, "{}");
    }

    #[test]
    fn a_secret_does_not_hide_behind_another_value_of_its_name() {
        check(r#"{"apiKey":"x","apiKey":1}"#, "{}");
        check(r#"{"apiKey":1,"apiKey":"x"}"#, "{}");
        check(r#"{"apiKey":"x","apiKey":null,"apiKey":2,"n":1}"#, r#"{"n":1}"#);
        check(r#"{"api\u004bey":"x","apiKey":true}"#, "{}");
        check(r#"{"a":[{"token":["x"],"n":1,"token":[]}]}"#, r#"{"a":[{"n":1}]}"#);
        check(r#"{"config":{"token":"x"},"config":{"n":1}}"#, r#"{"config":{"n":1}}"#);
        check(r#"{"config":{"n":1},"config":{"token":"x"}}"#, r#"{"config":{}}"#);
        check(r#"{"keys":{"v":"x","v":1}}"#, r#"{"keys":{"v":1}}"#);
        check(r#"{"keyset":1,"keyset":2}"#, r#"{"keyset":2}"#);
    }

    #[test]
    fn what_only_talks_of_secrets_stays() {
        let json =
            r#"{"password_expired":true,"password_date":"2024-01-01T00:00:00Z","keyboard":"qwerty","apiKeySet":true,"totp":1}"#;
        check(json, json);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        let sieve = Sieve::new(&[]);
        assert_eq!(sieve.clean("[1]"), None);
        assert_eq!(sieve.clean("{\"key\":"), None);
        assert_eq!(sieve.clean("{\"x\":"), None);
        assert_eq!(sieve.clean("{} {}"), None);
        assert_eq!(sieve.clean(&format!("{{\"x\":{}{}}}", "[".repeat(200), "]".repeat(200))), None);
    }

    #[test]
    fn what_readers_do_not_take_is_refused_with_secrets_and_without() {
        let (deep, long) = (format!("{}{}", "[".repeat(128), "]".repeat(128)), "9".repeat(400));
        for value in ["14e7551", "-1e999", long.as_str(), deep.as_str()] {
            for name in ["n", "key"] {
                let json = format!(r#"{{"{name}":{value}}}"#);
                assert!(serde_json::from_str::<Value>(&json).is_err() && Sieve::new(&[]).clean(&json).is_none(), "{json}");
            }
        }
    }

    #[test]
    fn a_name_is_found_however_it_is_escaped() {
        let sieve = Sieve::new(&["a/b".to_owned(), "a\"b".to_owned()]);
        assert_eq!(sieve.clean(r#"{"a\/b":"x","n":1}"#).as_deref(), Some(r#"{"n":1}"#));
        assert_eq!(sieve.clean(r#"{"a\"b":"x"}"#).as_deref(), Some("{}"));
    }
}
