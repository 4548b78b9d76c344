//! The mappings that the connectors ship, on what the vendors' servers send, held against the company's books.

use std::collections::BTreeMap;

use headcount::{ConnectionId, MappingSource};
use headcount_tests::Lab;
use headcount_vendors::Vendor;
use serde_json::{Value, json};

use super::fields;

/// The twenty fields of JetBrains.
const TWENTY: [&str; 20] = [
    "assignee-email",
    "assignee-name",
    "assignee-type",
    "domain",
    "license-id",
    "product-code",
    "product-name",
    "team-id",
    "team-name",
    "subscription-pack",
    "subscription-valid-until",
    "subscription-is-outdated",
    "subscription-renews",
    "last-assignment-date",
    "last-seen-date",
    "offline-code-generated",
    "is-available-to-assign",
    "is-suspended",
    "is-transferable-between-teams",
    "is-trial",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_connector_ships_a_mapping_that_fits_every_account() {
    let lab = Lab::new(200).await.unwrap();
    for vendor in Vendor::ALL {
        let report = lab.connect_and_sync(vendor).await.unwrap();
        let id: ConnectionId = vendor.name().parse().unwrap();
        assert_eq!(lab.acme.mapping(&id).await.unwrap().1, MappingSource::Standard, "{id}");
        let truth = lab.servers.truth(vendor);
        let mapped: BTreeMap<_, _> = fields(&lab, &id).await.into_iter().collect();
        assert_eq!(mapped.len(), truth.users.len(), "{id}");
        assert_eq!(report.counters.mapped.accounts, truth.users.len() as u64, "{id}");
        let unmapped = report.counters.mapped.failed.keys().filter(|field| !field.contains("email"));
        assert_eq!(unmapped.count(), 0, "{id}: {:?}", report.notes);
        for user in &truth.users {
            let account = &mapped[&user.id];
            let key = user.email.as_ref().map(|email| email.trim().to_lowercase());
            assert_eq!(account.sync_key, key, "{id} {}", user.id);
            // The role and the last activity are fields of every account, as far as the vendor knows them.
            assert!(account.fields["saas-role"].as_str().is_some_and(|role| !role.is_empty()), "{id} {}", user.id);
            assert_eq!(account.fields.contains_key("last-activity"), user.last_seen_at.is_some(), "{id} {}", user.id);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jetbrains_has_its_twenty_fields_and_products_as_roles() {
    let lab = Lab::new(300).await.unwrap();
    lab.connect_and_sync(Vendor::JetBrains).await.unwrap();
    let id: ConnectionId = "jetbrains".parse().unwrap();
    let rules = lab.acme.mapping(&id).await.unwrap().0.rules;
    assert!(TWENTY.iter().all(|field| rules.iter().any(|rule| rule.field == *field)));
    let mapped = fields(&lab, &id).await;
    for field in TWENTY {
        assert!(mapped.iter().any(|(_, account)| account.fields.contains_key(field)), "nobody has {field}");
    }

    let truth = lab.servers.truth(Vendor::JetBrains);
    let licenses: BTreeMap<&str, _> = truth.licenses.iter().map(|license| (license.id.as_str(), license)).collect();
    let (mut several, mut expired) = (0, 0);
    for (user, account) in &mapped {
        let held = truth.grants.iter().filter(|grant| &grant.principal == user && grant.target_kind == "license");
        let held: Vec<_> = held.filter_map(|grant| licenses.get(grant.target.as_str())).collect();
        let sorted = |field: &str| {
            let mut texts: Vec<String> =
                account.fields[field].as_array().unwrap().iter().map(|v| v.as_str().unwrap().into()).collect();
            texts.sort();
            texts
        };
        let mut ids: Vec<String> = held.iter().map(|license| license.id.clone()).collect();
        ids.sort();
        assert_eq!(sorted("license-id"), ids, "{user}");
        let mut products: Vec<String> = held.iter().map(|license| license.product_name.to_owned()).collect();
        products.sort();
        products.dedup();
        assert_eq!(sorted("product-name"), products, "{user}");
        assert_eq!(account.fields["is-trial"], json!(held.iter().all(|license| license.trial)), "{user}");
        let role = account.fields["saas-role"].as_str().unwrap();
        if held.iter().all(|license| license.state == "expired") {
            assert_eq!(role, "Expired Subscription", "{user}");
            expired += 1;
        } else if held.iter().all(|license| license.state == "active") {
            assert_eq!(role, products.join(", "), "{user}");
        }
        several += usize::from(products.len() > 1);
    }
    assert!(several > 0 && expired > 0, "{several} hold several products, {expired} only expired ones");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_accounts_that_changed_are_mapped_again() {
    let lab = Lab::new(100).await.unwrap();
    let first = lab.connect_and_sync(Vendor::Tines).await.unwrap();
    assert_eq!(first.counters.mapped.changed, first.counters.mapped.accounts);
    let again = lab.sync(&"tines".parse().unwrap()).await.unwrap();
    assert_eq!((again.counters.mapped.changed, again.counters.mapped.accounts), (0, first.counters.mapped.accounts));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_actions_answer_becomes_a_field() {
    let lab = Lab::new(100).await.unwrap();
    lab.connect_and_sync(Vendor::JetBrains).await.unwrap();
    let id: ConnectionId = "jetbrains".parse().unwrap();
    let expression = "answers[?'licenses-of-user'].?licenses.orValue([]).map(l, l['license-id']).sort()";
    let own = super::mapping(json!([
        { "field": "email", "value": "user.email", "key": true },
        { "field": "licenses-answered", "value": expression },
    ]));
    let told = lab.acme.set_mapping(&id, Some(&own)).await.unwrap();
    assert_eq!(told.counters.failed.len(), 0, "{:?}", told.failures);
    let (user, before) = fields(&lab, &id).await.remove(0);
    assert!(!before.fields.contains_key("licenses-answered"));
    let request = headcount::ActionRequest::new("licenses-of-user", json!({ "email": user }), "ana@acme.example");
    lab.acme.act(&id, &request).await.unwrap();
    let held: Vec<Value> = {
        let truth = lab.servers.truth(Vendor::JetBrains);
        let held = truth.grants.iter().filter(|grant| grant.principal == user && grant.target_kind == "license");
        let mut held: Vec<String> = held.map(|grant| grant.target.clone()).collect();
        held.sort();
        held.into_iter().map(Value::from).collect()
    };
    let (_, after) = fields(&lab, &id).await.remove(0);
    assert_eq!(after.fields["licenses-answered"], Value::Array(held));
}
