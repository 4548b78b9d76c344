//! Filters: what they drop, and that what they can't judge stays.

use headcount_model::mapping::{Effect, FilterRule};
use headcount_model::{Kind, Records, Reference, User};

use crate::{FilterError, Filters};

fn rule(name: &str, effect: Effect, when: &str) -> FilterRule {
    FilterRule { name: name.into(), kind: Kind::User, effect, when: when.into() }
}

fn people() -> Records {
    let user = |id: &str, department: Option<&str>, attributes: &str| User {
        id: id.into(),
        department: department.map(str::to_owned),
        attributes: Some(attributes.into()),
        ..User::default()
    };
    let users = vec![
        user("1", Some("Sales"), r#"{"type": "employee"}"#),
        user("2", Some("Contractors"), r#"{"type": "external"}"#),
        user("3", None, "{}"),
    ];
    Records { users, ..Records::default() }
}

fn ids(records: &Records) -> Vec<&str> {
    records.users.iter().map(|user| user.id.as_str()).collect()
}

#[test]
fn what_is_dropped_is_named_and_counted() {
    let mut records = people();
    let filters = Filters::new(&[rule("contractors", Effect::Drop, "user.department == 'Contractors'")]).unwrap();
    let sifted = filters.sift(&mut records).unwrap();
    assert_eq!(ids(&records), ["1", "3"]);
    assert_eq!(sifted.dropped, [(Reference::new(Kind::User, "2"), "contractors".to_owned())].into());
    let mut records = people();
    let filters = Filters::new(&[rule("sales-only", Effect::Keep, "user.department == 'Sales'")]).unwrap();
    assert_eq!(filters.sift(&mut records).unwrap().dropped.len(), 2);
    assert_eq!(ids(&records), ["1"]);
}

#[test]
fn a_filter_that_fails_keeps_the_record_and_is_counted() {
    for effect in [Effect::Drop, Effect::Keep] {
        let mut records = people();
        let filters = Filters::new(&[rule("type", effect, "user.attributes.type == 'external'")]).unwrap();
        let sifted = filters.sift(&mut records).unwrap();
        let (failed, why) = &sifted.failed["type"];
        assert_eq!((*failed, ids(&records).contains(&"3")), (1, true));
        assert!(why.contains("there is no type"), "{why}");
    }
    // One that makes no yes or no, too.
    let mut records = people();
    let sifted = Filters::new(&[rule("odd", Effect::Drop, "user.id")]).unwrap().sift(&mut records).unwrap();
    assert_eq!((sifted.failed["odd"].0, records.users.len()), (3, 3));
}

#[test]
fn filters_are_bounded_in_number_and_work() {
    let many: Vec<FilterRule> = (0..33).map(|at| rule(&format!("f{at}"), Effect::Drop, "false")).collect();
    assert_eq!(Filters::new(&many).unwrap_err(), FilterError::TooMany);
    assert!(matches!(Filters::new(&[rule("f", Effect::Drop, "users.id == '1'")]), Err(FilterError::Expression { .. })));
    assert!(matches!(Filters::new(&[rule("F", Effect::Drop, "true")]), Err(FilterError::Rule(..))));
    // All filters of a record share its steps: those that come too late keep it.
    let costly = "user.attributes.l.exists(a, a + 'x' == 'z')";
    let filters: Vec<FilterRule> = (0..32).map(|at| rule(&format!("f{at}"), Effect::Drop, costly)).collect();
    let filters = Filters::new(&filters).unwrap();
    let list = format!(r#"{{"l": [{}]}}"#, vec!["\"y\""; 500].join(","));
    let users = vec![User { id: "1".into(), attributes: Some(list), ..User::default() }];
    let mut records = Records { users, ..Records::default() };
    let sifted = filters.sift(&mut records).unwrap();
    assert!(!sifted.failed.is_empty() && sifted.failed.values().all(|(_, why)| why.contains("too long")), "{sifted:?}");
    assert_eq!(records.users.len(), 1);
}

#[test]
fn a_field_that_no_record_of_the_kind_has_is_found() {
    let read = |kind: Kind, when: &str| {
        let rule = FilterRule { kind, ..rule("few", Effect::Drop, when) };
        Filters::new(&[rule]).unwrap().read_known().map_err(|error| error.to_string())
    };
    for kind in [Kind::User, Kind::Group, Kind::Role, Kind::Application, Kind::License, Kind::Asset] {
        let name = crate::variable(kind);
        assert_eq!(read(kind, &format!("{name}.id == 'x' || {name}.attributes.y == 1")), Ok(()), "{name}");
        let error = read(kind, &format!("{name}.idd == 'x'")).unwrap_err();
        assert!(error.starts_with("filter few: line 1, column ") && error.contains(&format!("{name} has no idd")), "{error}");
    }
}
