//! Rows: kept byte for byte, skipped one at a time.

use super::{Row, vendor};
use crate::prelude::*;

fn read(rows: &str) -> Page {
    let body = format!(r#"{{"rows":{rows}}}"#);
    vendor().on("GET /rows", Reply::text("application/json", body)).read_all("single").unwrap()
}

#[test]
fn a_row_keeps_the_vendors_bytes() {
    let page = read(r#"[{"id": 9007199254740993, "name":"\u00e9", "ratio": 1.10}]"#);
    assert_eq!(page.groups()[0].id, "g-9007199254740993");
    assert_eq!(page.groups()[0].name, "é");
    let expected = r#"{"id": 9007199254740993, "name":"\u00e9", "ratio": 1.10}"#;
    assert_eq!(page.groups()[0].attributes.as_deref(), Some(expected));
}

#[test]
fn a_bad_row_is_skipped_by_its_id_and_spoils_no_other() {
    let page = read(r#"[{"id":1},{"id":"two"},{"uuid":"u-3"},{"id":null,"name":1},7,null,[{"id":4}],{"id":5,"name":5}]"#);
    assert_eq!((page.groups().len(), page.rows), (1, 8));
    let skipped = page.skipped.unwrap();
    assert!(skipped.iter().all(|row| !row.harmless && row.reason.starts_with("A row of GET /rows can't be read: ")));
    let subjects: Vec<_> = skipped.iter().map(|row| row.subject.as_ref().map(|subject| subject.id.as_str())).collect();
    assert_eq!(subjects, [Some("g-two"), Some("g-u-3"), None, None, None, None, Some("g-5")]);
    assert_eq!(skipped[0].subject.as_ref().unwrap().kind, Kind::Group);
}

#[test]
fn the_reason_of_a_skipped_row_is_short_whatever_the_row() {
    let page = read(&format!(r#"[{{"id":"{}"}}]"#, "x\\n".repeat(20_000)));
    assert!(page.skipped.unwrap()[0].reason.len() < 1_500);
}

#[test]
fn without_a_kind_a_bad_row_is_of_unknown_subject() {
    let vendor = vendor().on("GET /rows", Reply::json(json!([{ "id": "x" }]))).vendor().unwrap();
    let list = vendor.get("/rows").list(&Paging::single(), None, "").unwrap();
    let page = list.each(|_: Row, _, _| {}).unwrap();
    assert_eq!(page.skipped.unwrap()[0].subject, None);
}

#[test]
fn an_id_can_stand_elsewhere() {
    let vendor = vendor().on("GET /rows", Reply::json(json!([{ "a": { "b/c": 7 } }]))).vendor().unwrap();
    let list = vendor.get("/rows").list(&Paging::single(), None, "").unwrap();
    let page = list.of(Kind::License).id_at("/a/b~1c").each(|_: Row, _, _| {}).unwrap();
    assert_eq!(page.skipped.unwrap()[0].subject, Some(Reference::license(7)));
}

#[test]
fn rows_are_handed_over_by_their_ids_and_one_without_is_skipped() {
    let rows = json!([{ "id": "a", "logo": { "url": "/a" } }, { "_id": 7 }, { "name": "nobody" }, null]);
    let vendor = vendor().on("GET /rows", Reply::json(rows)).vendor().unwrap();
    let list = vendor.get("/rows").list(&Paging::single(), None, "").unwrap();
    let page = list.each_by_id(|id, raw, out| {
        let name = raw.fields().text("/logo/url").unwrap_or_default();
        out.group(Group { name, ..Group::of(id) });
    });
    let page = page.unwrap();
    let groups: Vec<_> = page.groups().iter().map(|group| (group.id.as_str(), group.name.as_str())).collect();
    assert_eq!(groups, [("a", "/a"), ("7", "")]);
    let skipped = page.skipped.unwrap();
    assert!(skipped.len() == 2 && skipped.iter().all(|row| row.subject.is_none() && row.reason.ends_with("it has no id.")));
}

#[test]
fn an_id_of_the_wrong_shape_is_none() {
    let rows = json!([{ "id": "7" }, { "id": 7, "name": 7 }, { "id": "seven" }]);
    let vendor = vendor().on("GET /rows", Reply::json(rows)).vendor().unwrap();
    let list = || vendor.get("/rows").list(&Paging::single(), None, "").unwrap().of(Kind::Group);
    let subjects = |page: Page| page.skipped.unwrap().into_iter().map(|row| row.subject).collect::<Vec<_>>();
    let read = |list: List| subjects(list.each(|_: Row, _, _| {}).unwrap());
    let group = |id| Some(Reference::group(id));
    assert_eq!(read(list()), [group("7"), group("7"), group("seven")]);
    assert_eq!(read(list().text_ids()), [group("7"), None, group("seven")]);
    assert_eq!(read(list().number_ids()), [None, group("7"), None]);
    let mut ids = Vec::new();
    let page = list().text_ids().each_by_id(|id, _, _| ids.push(id)).unwrap();
    assert_eq!((ids, subjects(page)), (vec!["7".to_owned(), "seven".to_owned()], vec![None]));
}

#[test]
fn one_answer_becomes_records_as_a_row_does() {
    let vendor = vendor().on("GET /rows/7", Reply::json(json!({ "id": 7 }))).on("GET /rows/8", Reply::json(json!([])));
    let vendor = vendor.vendor().unwrap();
    let read = |id: u64| {
        let answer = vendor.get(path!("/rows/{}", id)).send().unwrap();
        answer.record(|row: Row, raw, out| out.group(Group { attributes: raw.attributes(), ..Group::of(row.id) }))
    };
    assert_eq!(read(7).unwrap().groups()[0].attributes.as_deref(), Some(r#"{"id":7}"#));
    assert_eq!(read(8).unwrap_err().code, FailureCode::UnexpectedResponse);
}

#[test]
fn rows_nested_without_end_are_skipped_and_nothing_overflows() {
    let deep = format!("[{}{}]", r#"{"id":"#.repeat(100_000), "}".repeat(100_000).replacen('}', "1}", 1));
    let page = read(&deep);
    assert_eq!((page.groups().len(), page.rows), (0, 1));
}
