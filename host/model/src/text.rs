//! Text from connectors and vendors, made safe to show. It is stored as it came and escaped where it is shown.

use std::borrow::Cow;

/// Escapes control characters (terminal escapes, newlines) and the bidirectional overrides that make text read otherwise than it is.
///
/// ```
/// assert_eq!(headcount_model::printable("Ana\u{1b}[31m"), "Ana\\u{1b}[31m");
/// assert_eq!(headcount_model::printable("Zoë"), "Zoë");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_treacherous) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_treacherous(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{061c}' | '\u{2028}' | '\u{2029}')
}
