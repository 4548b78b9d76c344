//! What a vendor says in an error's body: a message and a code, out of the shapes that are common, safe to show.

use serde_json::Value;

use crate::failure::{MOST_WORDS, shorten};

/// Bodies longer than this are not looked into.
const MOST_READ: usize = 64 * 1024;

/// How much of a page's text is shown.
const MOST_EXCERPT: usize = 120;

/// How many tags are looked through for text.
const MOST_TAGS: usize = 200;

const MESSAGES: [&str; 8] = ["message", "detail", "description", "error_description", "errorMessage", "error", "title", "reason"];
const CODES: [&str; 6] = ["code", "error_code", "errorCode", "errorType", "type", "status"];

/// The vendor's words.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Words {
    pub(super) message: Option<String>,
    pub(super) code: Option<String>,
}

impl Words {
    /// Reads an error's body: JSON in a common shape, text, or a page.
    pub(super) fn of(body: &[u8], status: u16) -> Words {
        let Some(head) = body.get(..body.len().min(MOST_READ)) else { return Words::default() };
        let text = String::from_utf8_lossy(head);
        let mut words = match serde_json::from_str::<Value>(&text) {
            Ok(value) => Words::in_json(&value, 4),
            Err(_) => Words { message: Some(excerpt(&text)), code: None },
        };
        // Some vendors repeat the status as their code.
        words.code = words.code.filter(|code| *code != status.to_string()).map(|code| shorten(&code, 80));
        words.message = words.message.map(|text| shorten(&text, MOST_WORDS)).filter(|text| !text.is_empty());
        if words.message.is_none() {
            words.message.clone_from(&words.code);
        }
        words
    }

    fn in_json(value: &Value, depth: u8) -> Words {
        match value {
            _ if depth == 0 => Words::default(),
            Value::String(text) => Words { message: Some(plain(text)), code: None },
            Value::Array(items) => items.first().map(|first| Words::in_json(first, depth - 1)).unwrap_or_default(),
            Value::Object(object) => {
                let text = |name: &&str| object.get(*name).and_then(Value::as_str).filter(|text| !text.is_empty());
                let mut words = Words { message: MESSAGES.iter().find_map(text).map(plain), code: None };
                words.code = CODES.iter().find_map(|name| match object.get(*name)? {
                    Value::String(text) if !text.is_empty() => Some(text.clone()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                });
                let inner = ["errors", "error", "details"].iter().find_map(|name| object.get(*name));
                if let Some(inner) = inner.filter(|_| words.message.is_none()) {
                    let inner = Words::in_json(inner, depth - 1);
                    words = Words { message: inner.message, code: inner.code.or(words.code) };
                }
                if words == Words::default() {
                    // {"email": ["is taken"]}: which field, and what is wrong with it.
                    words.message = object.iter().next().and_then(|(field, value)| {
                        let inner = Words::in_json(value, depth - 1).message?;
                        Some(format!("`{field}` {inner}"))
                    });
                }
                words
            }
            _ => Words::default(),
        }
    }
}

/// Text as it is, or what a page in it says.
fn plain(text: &str) -> String {
    if text.trim_start().starts_with('<') { excerpt(text) } else { text.to_owned() }
}

/// The beginning of the text in a page, without its tags, scripts and styles; of plain text, its beginning.
fn excerpt(text: &str) -> String {
    if !text.trim_start().starts_with('<') {
        return shorten(text, MOST_EXCERPT);
    }
    let mut visible = String::new();
    let mut rest = text;
    for _ in 0..MOST_TAGS {
        let Some((before, after)) = rest.split_once('<') else { break };
        visible.push_str(before);
        visible.push(' ');
        let hidden =
            ["script", "style"].iter().find(|tag| after.get(..tag.len()).is_some_and(|name| name.eq_ignore_ascii_case(tag)));
        let end = match hidden {
            Some(tag) => after.to_ascii_lowercase().find(&format!("</{tag}")).map(|at| at + 2 + tag.len()),
            None => Some(0),
        };
        let Some(tail) = end.and_then(|at| after.get(at..)) else { return shorten(&visible, MOST_EXCERPT) };
        rest = tail.split_once('>').map_or("", |(_, tail)| tail);
        if visible.len() > 4 * MOST_EXCERPT {
            break;
        }
    }
    if !rest.contains('<') {
        visible.push_str(rest);
    }
    shorten(&visible, MOST_EXCERPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(body: &str) -> (Option<String>, Option<String>) {
        let words = Words::of(body.as_bytes(), 400);
        (words.message, words.code)
    }

    #[test]
    fn the_common_shapes_give_their_message_and_code() {
        let cases = [
            (r#"{"code":"MISSING_FIELD","description":"Either"}"#, Some("Either"), Some("MISSING_FIELD")),
            (r#"{"code":"TEAM_NOT_FOUND","description":null}"#, Some("TEAM_NOT_FOUND"), Some("TEAM_NOT_FOUND")),
            (r#"{"code":400,"message":"Bad","status":"INVALID_ARGUMENT"}"#, Some("Bad"), None),
            (r#"{"errors":[{"message":"Not an owner","details":"x"}]}"#, Some("Not an owner"), None),
            (r#"[{"message":"Not an owner"}]"#, Some("Not an owner"), None),
            (r#"{"error":"Unauthorized"}"#, Some("Unauthorized"), None),
            (r#"{"error":{"type":"oops","message":"Deep"}}"#, Some("Deep"), Some("oops")),
            (r#"{"detail":"Not found."}"#, Some("Not found."), None),
            (r#"{"email":["is taken"]}"#, Some("`email` is taken"), None),
            (r#""Just text""#, Some("Just text"), None),
            (r#"["Only this"]"#, Some("Only this"), None),
            ("Service  down\n", Some("Service down"), None),
            ("", None, None),
            ("{}", None, None),
            ("17", None, None),
        ];
        for (body, message, code) in cases {
            assert_eq!(words(body), (message.map(Into::into), code.map(Into::into)), "{body}");
        }
    }

    #[test]
    fn a_page_gives_a_short_piece_of_its_text_and_no_markup() {
        let page = "<!DOCTYPE html><html><head><title>Bad Request</title><script>steal('<b>')</script><style>p{}</style></head>\
                    <body><p>Go &amp; away</p></body></html>";
        assert_eq!(words(page).0.as_deref(), Some("Bad Request Go &amp; away"));
        let long = format!("<html>{}", "<p>word word</p>".repeat(10_000));
        assert!(words(&long).0.unwrap().chars().count() <= MOST_EXCERPT + 1);
        assert!(words("<script>never closed").0.is_none());
        assert!(words("<html").0.is_none());
    }

    #[test]
    fn a_huge_message_and_bytes_that_are_no_text_are_cut_down() {
        let long = format!(r#"{{"message":"{}"}}"#, "x".repeat(5_000));
        assert!(words(&long).0.unwrap().chars().count() <= MOST_WORDS + 1);
        assert!(Words::of(&[0xff, 0xfe, b'a'], 500).message.is_some());
        let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
        assert_eq!(words(&deep), (None, None));
    }
}
