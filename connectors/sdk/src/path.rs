//! Paths below the base URL, into which a value can only go as one whole, encoded segment.

use std::fmt::{Display, Write};

use crate::{Failure, FailureCode, Result};

/// A path below the base URL. Made from a literal, or by [`path!`](crate::path!) where a value belongs in it.
///
/// There is no way from a `String`: `vendor.get(format!("/teams/{team}"))` does not compile, so no id can lead elsewhere.
#[derive(Clone, Debug)]
pub struct Path(Result<String>);

impl Path {
    /// Puts each value in place of a `{}`, as one segment or a part of one. Use [`path!`](crate::path!).
    pub fn fill(template: &'static str, values: &[&dyn Display]) -> Self {
        Path(fill(template, values))
    }

    pub(crate) fn into_text(self) -> Result<String> {
        self.0
    }
}

impl From<&'static str> for Path {
    fn from(text: &'static str) -> Self {
        Path::fill(text, &[])
    }
}

/// A path with values in it: `path!("/teams/{}/members", team)`.
///
/// Each value becomes one segment: it is percent-encoded, and the request fails as `invalid-input` where it is empty, `.`, `..`,
/// or contains a slash, a backslash or a control character.
#[macro_export]
macro_rules! path {
    ($template:literal $(, $value:expr)* $(,)?) => {
        $crate::Path::fill($template, &[$(&$value as &dyn ::std::fmt::Display),*])
    };
}

fn fill(template: &'static str, values: &[&dyn Display]) -> Result<String> {
    let mut path = String::new();
    let mut values = values.iter();
    for (at, literal) in template.split("{}").enumerate() {
        if at > 0 {
            let value = values.next().map(ToString::to_string).unwrap_or_default();
            encode(&mut path, checked(&value)?);
        }
        path.push_str(literal);
    }
    let plain = path.starts_with('/')
        && path.split('/').skip(1).all(|segment| !matches!(segment, "" | "." | ".."))
        && path.bytes().all(|byte| is_unreserved(byte) || b"/%:@!$&'()*+,;=".contains(&byte));
    if plain && values.next().is_none() {
        Ok(path)
    } else {
        Err(Failure::unexpected(format_args!("{template:?} is not a path that this connector can ask for.")))
    }
}

/// What may stand in a path as one segment.
fn checked(value: &str) -> Result<&str> {
    let leads_elsewhere = matches!(value, "" | "." | "..") || value.contains(|c: char| c == '/' || c == '\\' || c.is_control());
    if leads_elsewhere {
        let shown = crate::failure::shorten(value, 60);
        return Err(Failure::new(FailureCode::InvalidInput, format_args!("{shown:?} can't be an id.")));
    }
    Ok(value)
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
pub(crate) fn encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if is_unreserved(byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a string can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// The text behind percent-encoding, with `+` as a space, as in queries.
pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let hex = |at: usize| tail.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        rest = tail;
        match (byte, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = tail.get(2..).unwrap_or_default();
            }
            (b'+', ..) => bytes.push(b' '),
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_becomes_one_encoded_segment() {
        assert_eq!(path!("/teams/{}/members", 7).into_text().unwrap(), "/teams/7/members");
        assert_eq!(path!("/users/{}", "a b?c#d%é").into_text().unwrap(), "/users/a%20b%3Fc%23d%25%C3%A9");
    }

    #[test]
    fn a_value_that_leads_elsewhere_is_refused() {
        for value in ["", ".", "..", "a/b", "a\\b", "a\nb", "../admin"] {
            let failure = path!("/users/{}", value).into_text().unwrap_err();
            assert_eq!(failure.code, FailureCode::InvalidInput, "{value:?}");
        }
    }

    #[test]
    fn a_literal_must_be_a_plain_path() {
        assert_eq!(Path::from("/admin/users").into_text().unwrap(), "/admin/users");
        for literal in ["users", "/a?b=c", "//host", "/a/../b", "/a b", "https://elsewhere.example/"] {
            assert!(Path::from(literal).into_text().is_err(), "{literal:?}");
        }
    }

    #[test]
    fn too_few_or_too_many_values_are_refused() {
        assert!(Path::fill("/a/{}", &[]).into_text().is_err());
        assert!(Path::fill("/a", &[&1]).into_text().is_err());
    }

    #[test]
    fn decoding_undoes_encoding_and_survives_nonsense() {
        assert_eq!(decode("cD0yOTE0Mw%3D%3D"), "cD0yOTE0Mw==");
        assert_eq!(decode("a+b%2"), "a b%2");
        assert_eq!(decode("%zz%"), "%zz%");
    }
}
