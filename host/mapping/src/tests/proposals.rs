//! Proposals: what fits is found, and what is proposed can be used.

use headcount_model::{AccountInputs, Mapping, User};
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
