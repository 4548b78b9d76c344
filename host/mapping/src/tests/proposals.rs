//! Proposals: what fits is found, and what is proposed can be used.

use headcount_model::mapping::{MappingRule, Pick, Rows};
use headcount_model::{AccountInputs, Asset, Grant, Group, Kind, License, Mapping, Reference, User};
use serde_json::json;

use crate::{CompiledMapping, Confidence, Tracking, propose};

fn accounts() -> Vec<AccountInputs> {
    let account = |at: u32| {
        let attributes = json!({
            "jobTitle": "Engineer", "costCentre": "CC-7", "manager": { "email": format!("boss{at}@example.com") },
            "startDate": "2024-01-0".to_owned() + &(at + 1).to_string(), "x-7": at, "empty": "", "list": [{ "a": 1 }],
            "department": 12, "phones": ["+49 30 1234"],
        });
        let user = User {
            id: at.to_string(),
            department: Some("Sales".into()),
            attributes: Some(attributes.to_string()),
            ..User::default()
        };
        AccountInputs { user, ..AccountInputs::default() }
    };
    (0..4).map(account).collect()
}

#[test]
fn vendors_fields_are_proposed_by_name_and_content() {
    let proposals = propose(&accounts(), &Mapping::default());
    let by = |field: &str| proposals.iter().find(|proposal| proposal.rule.field == field).unwrap_or_else(|| panic!("{field}"));
    assert_eq!((by("title").rule.value.as_str(), by("title").confidence), ("user.attributes.?jobTitle", Confidence::High));
    assert_eq!(by("manager-email").rule.value, "user.attributes.?manager.?email");
    assert_eq!(by("start-date").rule.value, "user.attributes.?startDate");
    assert_eq!(by("cost-center").rule.value, "user.attributes.?costCentre");
    // What is normalized comes before what has the same name and other content.
    assert_eq!(by("department").rule.value, "user.department");
    assert_eq!((by("x-7").rule.value.as_str(), by("x-7").confidence), ("user.attributes[?\"x-7\"]", Confidence::Custom));
    assert!(proposals.iter().all(|proposal| proposal.rule.field != "empty" && proposal.sampled == 4));
}

#[test]
fn every_proposal_can_be_used_and_what_is_mapped_is_not_proposed_again() {
    let mut mapping = crate::standard::usual();
    for proposal in propose(&accounts(), &mapping) {
        mapping.rules.push(proposal.rule);
    }
    let compiled = CompiledMapping::new(&mapping).unwrap();
    let read = |inputs: &AccountInputs| (compiled.read(inputs, &Tracking::default()).0, None);
    let made = compiled.map(&accounts().iter().map(read).collect::<Vec<_>>()).unwrap();
    assert!(made.iter().all(|account| account.failures.is_empty()), "{:?}", made[0].failures);
    assert_eq!(made[0].person_fields["cost-center"], "CC-7");
    assert_eq!(propose(&accounts(), &mapping), []);
}

#[test]
fn strange_names_are_written_so_that_they_are_read_back() {
    let attributes = json!({ "a b": "1", "quo\"te": "2", "ünï": "3", "": "4", "1st": "5", "true": "6", "in": "7" });
    let user = User { id: "1".into(), attributes: Some(attributes.to_string()), ..User::default() };
    let accounts = [AccountInputs { user, ..AccountInputs::default() }];
    let mut mapping = crate::standard::usual();
    mapping.rules.extend(propose(&accounts, &mapping).into_iter().map(|proposal| proposal.rule));
    let compiled = CompiledMapping::new(&mapping).unwrap();
    let (variables, _) = compiled.read(&accounts[0], &Tracking::default());
    let made = compiled.map(&[(variables, None)]).unwrap().remove(0);
    assert!(made.failures.is_empty(), "{:?}", made.failures);
    assert_eq!((&made.fields["a-b"], &made.fields["quo-te"]), (&json!("1"), &json!("2")));
}

/// Two accounts of a vendor whose own fields all stand on what is held.
fn holders() -> Vec<AccountInputs> {
    let holder = |at: u32| {
        let grant = |kind, id: &str| Grant::new(Reference::new(Kind::User, at.to_string()), Reference::new(kind, id));
        let license = |id: &str, order: &str| {
            let attributes = json!({ "purchaseOrder": order, "costCenter": "CC-9", "isCompliant": order == "PO-1", "status": "active",
                "licenseTags": ["a", order], "none": null });
            let license = License { id: id.into(), attributes: Some(attributes.to_string()), ..License::default() };
            (license, grant(Kind::License, id))
        };
        let group = |id: &str, attributes: Option<serde_json::Value>| {
            let attributes = attributes.map(|attributes| attributes.to_string());
            (Group { id: id.into(), name: format!("Team {id}"), attributes, ..Group::default() }, grant(Kind::Group, id))
        };
        let attributes = Some(json!({ "office": "Berlin", "os": "macOS", "lists": ["not", "within", "lists"] }).to_string());
        let asset = Asset { id: "mac".into(), name: "Mac".into(), category: "laptop".into(), attributes, ..Asset::default() };
        AccountInputs {
            user: User { id: at.to_string(), ..User::default() },
            licenses: vec![license("1", "PO-1"), license("2", "PO-2")],
            groups: vec![group("a", Some(json!({ "jira": { "board": 7 } }))), group("b", None)],
            assets: vec![(asset, grant(Kind::Asset, "mac"))],
            ..AccountInputs::default()
        }
    };
    (0..2).map(holder).collect()
}

#[test]
fn what_accounts_hold_is_looked_at_too() {
    let accounts = holders();
    let mut mapping = crate::standard::usual();
    let proposals = propose(&accounts, &mapping);
    let by = |field: &str| proposals.iter().find(|proposal| proposal.rule.field == field).unwrap_or_else(|| panic!("{field}"));
    let shape = |field: &str| {
        let MappingRule { value, rows, pick, .. } = &by(field).rule;
        (value.as_str(), *rows, *pick, by(field).confidence)
    };
    let of_license = |value, pick, confidence| (value, Rows::License, pick, confidence);
    let order = of_license("license.attributes.?purchaseOrder", Pick::All, Confidence::Custom);
    assert_eq!(shape("license-purchase-order"), order);
    assert_eq!(shape("license-is-compliant"), of_license("license.attributes.?isCompliant", Pick::Any, Confidence::Custom));
    assert_eq!(shape("cost-center"), of_license("license.attributes.?costCenter", Pick::First, Confidence::Fair));
    let groups = ("groups.map(g, g.name).distinct()", Rows::Account, Pick::First, Confidence::Fair);
    assert_eq!(shape("groups"), groups);
    assert_eq!(by("group-jira-board").rule.value, "groups.map(g, g.attributes.?jira.?board.orValue(null)).distinct()");
    // Somebody who holds it twice has it once. What says how a license is says nothing of the account.
    assert!(proposals.iter().all(|proposal| (proposal.filled, proposal.sampled) == (2, 2) && proposal.rule.field != "status"));
    assert_eq!(by("license-status").confidence, Confidence::Custom);

    mapping.rules.extend(proposals.iter().map(|proposal| proposal.rule.clone()));
    let compiled = CompiledMapping::new(&mapping).unwrap();
    let read = |inputs: &AccountInputs| (compiled.read(inputs, &Tracking::default()).0, None);
    let made = compiled.map(&accounts.iter().map(read).collect::<Vec<_>>()).unwrap().remove(0);
    assert!(made.failures.is_empty(), "{:?}", made.failures);
    assert_eq!(made.fields["license-purchase-order"], json!(["PO-1", "PO-2"]));
    assert_eq!(made.fields["license-tags"], json!(["a", "PO-1", "PO-2"]));
    assert_eq!((&made.fields["license-is-compliant"], &made.fields["asset-os"]), (&json!(true), &json!(["macOS"])));
    assert_eq!((&made.fields["groups"], &made.fields["group-jira-board"]), (&json!(["Team a", "Team b"]), &json!([7])));
    assert_eq!((&made.person_fields["cost-center"], &made.person_fields["location"]), (&json!("CC-9"), &json!(["Berlin"])));
    assert_eq!(propose(&accounts, &mapping), []);
}

#[test]
fn a_field_is_proposed_though_another_one_begins_like_it() {
    let user = User { id: "1".into(), attributes: Some(json!({ "job": "a", "jobCode": "b" }).to_string()), ..User::default() };
    let mut mapping = crate::standard::usual();
    let rule = MappingRule { field: "code".into(), value: "user.attributes.?jobCode".into(), ..mapping.rules[1].clone() };
    mapping.rules.push(rule);
    let proposals = propose(&[AccountInputs { user, ..AccountInputs::default() }], &mapping);
    assert_eq!(proposals.iter().map(|proposal| proposal.rule.field.as_str()).collect::<Vec<_>>(), ["job"]);
}
