//! Where an answer says which page follows.

use std::fmt::Display;

use crate::json::{Object, scalar};
use crate::path::decode;
use crate::{Response, Result};

/// Where the cursor of the next page stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum From {
    Value(&'static str),
    Url(&'static str),
    Link,
}

impl From {
    /// The cursor of the next page; none at the end.
    pub(super) fn next(self, parameter: &str, response: &Response, envelope: Option<&Object<'_>>) -> Result<Option<String>> {
        let at = |pointer| envelope.and_then(|envelope| envelope.pointer(pointer)).and_then(scalar);
        let url = match self {
            From::Value(pointer) => return Ok(at(pointer)),
            From::Url(pointer) => at(pointer),
            // Kandji sends `<None>` after its last page.
            From::Link => response.header("link").and_then(next_link).filter(|url| url.contains('?')).map(str::to_owned),
        };
        let Some(url) = url else { return Ok(None) };
        match parameter_of(&url, parameter) {
            Some(cursor) => Ok(Some(cursor)),
            None => Err(response.misread(lacks(response.label(), parameter))),
        }
    }
}

fn lacks(label: &str, parameter: &str) -> impl Display {
    format!("The answer to {label} names a next page without the parameter {parameter}.")
}

/// The target of the link whose relation is `next` (RFC 8288).
fn next_link(header: &str) -> Option<&str> {
    let mut rest = header;
    loop {
        let (target, tail) = rest.split_once('<')?.1.split_once('>')?;
        let parameters = tail.split('<').next()?;
        let is_next = parameters.split([';', ',']).any(|parameter| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                name.trim().eq_ignore_ascii_case("rel")
                    && value.trim().trim_matches('"').split(' ').any(|rel| rel.eq_ignore_ascii_case("next"))
            })
        });
        if is_next {
            return Some(target);
        }
        rest = tail;
    }
}

/// The decoded, non-empty value of a query parameter of a URL.
fn parameter_of(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?')?.1.split('#').next()?;
    let value = query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (decode(key) == name).then(|| decode(value))
    })?;
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_link_is_found_among_others() {
        let header = r#"<https://v.example/a?page=1>; rel="prev", <https://v.example/a?page=3&x=1>; title="t"; rel="last next""#;
        assert_eq!(next_link(header), Some("https://v.example/a?page=3&x=1"));
        assert_eq!(next_link(r#"<https://v.example/a?page=1>; rel="prev""#), None);
        assert_eq!(next_link("nonsense"), None);
        assert_eq!(next_link("<<<>"), None);
    }

    #[test]
    fn a_parameter_is_taken_out_of_a_url_and_decoded() {
        let url = "https://elsewhere.example/users?limit=3&cursor=cD0yOTE0Mw%3D%3D#x";
        assert_eq!(parameter_of(url, "cursor").as_deref(), Some("cD0yOTE0Mw=="));
        assert_eq!(parameter_of(url, "page"), None);
        assert_eq!(parameter_of("/users?cursor=", "cursor"), None);
    }
}
