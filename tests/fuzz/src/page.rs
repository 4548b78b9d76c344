//! Pages: what is staged is sound, nothing that came is lost without a trace, and no field that must not be kept is.
//!
//! An input is a JSON object with the `feed`, the `page` and the names that are `never-kept`.

use headcount_model::manifest::Feed;
use headcount_model::{Kind, Page, Records};
use headcount_sync::fuzzing::{Validated, validate};
use serde::Deserialize;
use serde_json::Value;

/// The budget for one record's attributes.
const LONGEST_RECORD: u64 = 1024;
/// The longest id and the longest other text.
const LONGEST: (usize, usize) = (512, 16 * 1024);

/// Names that say secret.
const TELLTALE: [&str; 6] = ["password", "secret", "token", "apikey", "apiKey", "privatekey"];

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Input {
    feed: Feed,
    page: Page,
    #[serde(default)]
    never_kept: Vec<String>,
}

pub(crate) fn run(data: &[u8]) {
    let Ok(Input { feed, page, never_kept }) = serde_json::from_slice::<Input>(data) else { return };
    let (came, unnamed) = (count(&page.records), page.skipped.iter().any(|row| row.subject.is_none() && !row.harmless));
    let Validated { records, seen, rejected, is_lossy } = validate(&feed, page.clone(), &never_kept, LONGEST_RECORD);
    assert_eq!(count(&records) + rejected, came, "records came from nowhere, or went there");
    assert!(is_lossy || !unnamed, "a row was skipped without a name, and the list is complete");
    let rows = serde_json::to_value(&records).unwrap_or_default();
    for kind in Kind::ALL {
        assert!(records.count(kind) == 0 || feed.kinds().any(|known| known == kind), "{kind} is not of this feed");
    }
    for (list, row) in rows
        .as_object()
        .into_iter()
        .flatten()
        .flat_map(|(list, rows)| rows.as_array().into_iter().flatten().map(move |row| (list, row)))
    {
        let ids = if list == "grants" { vec![&row["principal"]["id"], &row["target"]["id"]] } else { vec![&row["id"]] };
        for id in ids {
            let id = id.as_str().unwrap_or_default();
            assert!(!id.trim().is_empty() && id.len() <= LONGEST.0, "{row}");
        }
        check_texts(row, &never_kept);
    }
    // What came with an id, and is neither staged nor seen, makes the list incomplete.
    for id in page.records.users.iter().map(|user| &user.id) {
        let kept = records.users.iter().any(|user| user.id == *id);
        let noted = seen.iter().any(|seen| seen.kind == Kind::User && seen.id == *id);
        assert!(kept || noted || is_lossy, "the user {id:?} is gone without a trace");
    }
    let again = Page { records: records.clone(), skipped: Vec::new(), ..page };
    let twice = validate(&feed, again, &never_kept, LONGEST_RECORD);
    assert_eq!((twice.records, twice.rejected), (records, 0), "validated again");
}

fn count(records: &Records) -> u64 {
    records.len() as u64
}

fn check_texts(row: &Value, never_kept: &[String]) {
    for (name, value) in row.as_object().into_iter().flatten() {
        let Some(text) = value.as_str() else { continue };
        if name == "attributes" {
            assert!(text.len() as u64 <= LONGEST_RECORD, "{} bytes of attributes", text.len());
            let read: Result<Value, _> = serde_json::from_str(text);
            assert!(read.as_ref().is_ok_and(Value::is_object), "attributes that are no JSON object: {text:?}");
            check_names(&read.unwrap_or_default(), never_kept);
            check_letters(text, never_kept);
        } else {
            assert!(text.len() <= LONGEST.1, "{} bytes of {name}", text.len());
        }
    }
}

/// By the letter: of a name that comes twice, readers of JSON show the last value only.
fn check_letters(text: &str, never_kept: &[String]) {
    let never = never_kept.iter().filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric()));
    for (name, is_never) in TELLTALE.map(|name| (name, false)).into_iter().chain(never.map(|name| (name.as_str(), true))) {
        let quoted = format!("\"{name}\":");
        for (at, _) in text.match_indices(&quoted) {
            let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at + quoted.len()..).unwrap_or_default());
            let value = after.strip_prefix('"').and_then(|value| value.split('"').next()).unwrap_or_default();
            assert!(before.ends_with('\\') || !(is_never || is_secret(value)), "{name:?} is kept in {text:?}");
        }
    }
}

/// Whether a text is neither a number nor a date.
fn is_secret(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_alphabetic()) && !text.contains('-')
}

fn check_names(value: &Value, never_kept: &[String]) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let forbidden = never_kept.iter().any(|never| never.eq_ignore_ascii_case(name));
                let secret = value.as_str().is_some_and(is_secret);
                assert!(!(forbidden || TELLTALE.contains(&name.as_str()) && secret), "{name:?} is kept");
                check_names(value, never_kept);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| check_names(item, never_kept)),
        _ => {}
    }
}
