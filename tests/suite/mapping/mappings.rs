//! Changing a mapping: what is told before is what is done, and what fails or is interrupted costs nothing.

use headcount::model::mapping::Rows;
use headcount::store::{ChangeFilter, What};
use headcount::{ConnectionId, Error, MappingSource};
use headcount_tests::Lab;
use headcount_vendors::Vendor;
use serde_json::json;

use super::{fields, mapping};

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_tells_exactly_what_is_then_changed() {
    let lab = Lab::new(150).await.unwrap();
    lab.connect_and_sync(Vendor::JumpCloud).await.unwrap();
    let id: ConnectionId = "jumpcloud".parse().unwrap();
    let before = fields(&lab, &id).await;
    let own = mapping(json!([
        { "field": "user-name", "value": "user.user_name.lowerAscii()", "key": true },
        { "field": "groups", "value": "size(groups)" },
        { "field": "title", "value": "user.title", "target": "person", "default": "none" },
        { "field": "failing", "value": "user.attributes.nothing_of_the_kind" },
    ]));
    let would = lab.acme.preview_mapping(&id, Some(&own)).await.unwrap();
    assert_eq!(fields(&lab, &id).await, before, "a preview changes nothing");
    let (cursor, _) = lab.acme.change_bounds().await.unwrap();
    let done = lab.acme.set_mapping(&id, Some(&own)).await.unwrap();
    assert_eq!(would, done);
    // Whoever follows the changes is told of each account.
    let page = lab.acme.changes(cursor, 10_000, &ChangeFilter::default()).await.unwrap();
    assert_eq!(page.changes.len() as u64, done.counters.changed);
    assert!(page.changes.iter().all(|change| (change.kind.as_str(), change.what) == ("account", What::Updated)));
    let titled = page.changes.iter().filter(|change| change.fields.contains_key("person-fields.title")).count() as u64;
    assert_eq!(titled, done.fields["person title"]);
    assert_eq!(done.counters.failed["failing"], before.len() as u64);
    let after = fields(&lab, &id).await;
    let changed = before.iter().zip(&after).filter(|(before, after)| before != after).count() as u64;
    assert!(done.counters.changed <= changed && done.keys > 0 && done.fields["groups"] > 0, "{done:?}");
    assert!(after.iter().all(|(_, account)| account.person_fields.contains_key("title")));
    // Done again, there is nothing left to do; and back again, everything is as it was.
    assert_eq!(lab.acme.preview_mapping(&id, Some(&own)).await.unwrap().counters.changed, 0);
    lab.acme.set_mapping(&id, None).await.unwrap();
    assert_eq!(fields(&lab, &id).await, before);
    assert_eq!(lab.acme.mapping(&id).await.unwrap().1, MappingSource::Standard);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_was_interrupted_is_finished_by_the_next_sync() {
    let lab = Lab::new(100).await.unwrap();
    lab.connect_and_sync(Vendor::Tines).await.unwrap();
    let id: ConnectionId = "tines".parse().unwrap();
    let own = mapping(json!([{ "field": "id", "value": "user.id", "key": true }]));
    // As if the process had died right after the mapping was kept.
    lab.acme.store().put_mapping(lab.acme.id(), &id, Some(&own)).await.unwrap();
    let report = lab.sync(&id).await.unwrap();
    assert_eq!(report.counters.mapped.changed, report.counters.mapped.accounts);
    assert!(fields(&lab, &id).await.iter().all(|(user, account)| account.sync_key.as_ref() == Some(user)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_fails_stays_and_the_session_says_so() {
    let lab = Lab::new(100).await.unwrap();
    lab.connect_and_sync(Vendor::Tines).await.unwrap();
    let id: ConnectionId = "tines".parse().unwrap();
    let before = fields(&lab, &id).await;
    let own = mapping(json!([
        { "field": "email", "value": "user.attributes.gone", "key": true },
        { "field": "display-name", "value": "user.display_name + 1" },
    ]));
    lab.acme.set_mapping(&id, Some(&own)).await.unwrap();
    let report = lab.sync(&id).await.unwrap();
    assert_eq!(report.counters.mapped.failed["email"], before.len() as u64);
    assert!(report.notes.iter().any(|note| note.contains("display-name") && note.contains("column 19")), "{:?}", report.notes);
    for ((_, before), (_, after)) in before.iter().zip(&fields(&lab, &id).await) {
        assert_eq!((&before.sync_key, &before.fields["display-name"]), (&after.sync_key, &after.fields["display-name"]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_cannot_be_used_is_refused_and_changes_nothing() {
    let lab = Lab::new(50).await.unwrap();
    lab.connect_and_sync(Vendor::Kandji).await.unwrap();
    let id: ConnectionId = "kandji".parse().unwrap();
    let before = fields(&lab, &id).await;
    for (rules, why) in [
        (json!([]), "no rule makes the sync key"),
        (json!([{ "field": "k", "value": "user.emial(", "key": true }]), "field k: line 1, column"),
        (json!([{ "field": "k", "value": "licenses.map(a, licenses.map(b, licenses.map(c, c)))", "key": true }]), "at most 2"),
    ] {
        let Err(error @ Error::Mapping(_)) = lab.acme.set_mapping(&id, Some(&mapping(rules.clone()))).await else {
            panic!("{rules} was taken")
        };
        assert!(error.to_string().contains(why), "{error}");
    }
    assert_eq!(fields(&lab, &id).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_vendor_says_of_licenses_alone_is_proposed_for_their_holders() {
    let lab = Lab::new(100).await.unwrap();
    lab.connect_and_sync(Vendor::JetBrains).await.unwrap();
    let id: ConnectionId = "jetbrains".parse().unwrap();
    let proposals = lab.acme.propose_mapping(&id).await.unwrap();
    let due = proposals.iter().find(|proposal| proposal.rule.field == "license-perpetual-upgrade-due-date").unwrap();
    assert_eq!((due.rule.value.as_str(), due.rule.rows), ("license.attributes.?perpetual.?upgradeDueDate", Rows::License));
    assert!(proposals.iter().any(|proposal| proposal.rule.field == "groups"));
    assert!(proposals.iter().all(|proposal| proposal.rule.field != "license-domain"), "it has a field already");

    // What it makes is what the vendor says of the licenses that each account holds.
    let (mut own, _) = lab.acme.mapping(&id).await.unwrap();
    own.rules.push(due.rule.clone());
    lab.acme.set_mapping(&id, Some(&own)).await.unwrap();
    let made = fields(&lab, &id).await.into_iter().filter(|(_, account)| account.fields.contains_key(&due.rule.field)).count();
    assert_eq!(made as u64, due.filled);
}

#[tokio::test(flavor = "multi_thread")]
async fn proposals_can_be_taken_as_they_are() {
    let lab = Lab::new(100).await.unwrap();
    for vendor in Vendor::ALL {
        lab.connect_and_sync(vendor).await.unwrap();
        let id: ConnectionId = vendor.name().parse().unwrap();
        let (mut own, _) = lab.acme.mapping(&id).await.unwrap();
        let proposals = lab.acme.propose_mapping(&id).await.unwrap();
        own.rules.extend(proposals.into_iter().map(|proposal| proposal.rule));
        let told = lab.acme.set_mapping(&id, Some(&own)).await.unwrap();
        let failed: Vec<_> = told.failures.iter().filter(|(field, _)| !field.contains("email")).collect();
        assert_eq!(failed, [], "{id}");
    }
}
