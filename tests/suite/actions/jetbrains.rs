//! JetBrains: licenses looked up, assigned and revoked, and each refusal in words.

use headcount::store::ActionEffect;
use headcount::{ActionState, Error};
use headcount_tests::Lab;
use headcount_vendors::{Reach, Vendor, truth};
use serde_json::{Value, json};

use super::{act, newest, permitted, shows_the_truth};

fn holder<'a>(truth: &'a truth::Expected, license: &str) -> Option<&'a str> {
    let held = truth.grants.iter().find(|grant| grant.target_kind == "license" && grant.target == license)?;
    Some(&held.principal)
}

fn assignment(what: Value, email: &str) -> Value {
    let mut input = json!({ "email": email, "first-name": "Ada", "last-name": "Byron", "send-email": false });
    for (name, value) in what.as_object().unwrap() {
        input[name] = value.clone();
    }
    input
}

async fn refused(lab: &Lab, action: &str, input: Value, words: &str) {
    let id = "jetbrains".parse().unwrap();
    let error = act(lab, &id, action, input.clone()).await.expect_err(words);
    assert!(matches!(error, Error::ActionNotDone { .. }), "{input}: {error}");
    assert!(error.to_string().contains(words), "{words} is not in: {error}");
    assert_eq!(newest(lab).await.state, ActionState::Refused, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_free_license_is_assigned_and_the_store_shows_who_has_it() {
    let (lab, id) = permitted(200, Vendor::JetBrains).await;
    let truth = lab.servers.truth(Vendor::JetBrains);
    let free = truth.licenses.iter().find(|license| license.assignable && holder(&truth, &license.id).is_none()).unwrap();
    let input = assignment(json!({ "license-id": free.id }), "new.person@acme.example");
    act(&lab, &id, "assign-license", input.clone()).await.unwrap();
    let held = lab.acme.store().holders(lab.acme.id(), &id, headcount::Kind::License, &free.id).await.unwrap();
    assert_eq!(held.iter().map(|held| held.user.as_str()).collect::<Vec<_>>(), ["new.person@acme.example"]);
    shows_the_truth(&lab, &id).await;
    // Assigned already, to the same person: a success that says so.
    let run = act(&lab, &id, "assign-license", input).await.unwrap();
    assert!(run.summary.as_deref().unwrap().contains("already"), "{run:?}");
    refused(&lab, "assign-license", assignment(json!({ "license-id": free.id }), "other@acme.example"), "Somebody else has")
        .await;
    // Assigned today: not to be revoked for thirty days.
    refused(&lab, "revoke-license", json!({ "license-id": free.id }), "30 days").await;
    refused(&lab, "revoke-license", json!({ "email": "new.person@acme.example" }), "30 days").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_free_license_of_a_team_and_product_is_assigned() {
    let (lab, id) = permitted(200, Vendor::JetBrains).await;
    let truth = lab.servers.truth(Vendor::JetBrains);
    let free = truth.licenses.iter().find(|license| license.assignable && holder(&truth, &license.id).is_none()).unwrap();
    let what = json!({ "team-id": free.group_id.parse::<i64>().unwrap(), "product-code": free.product_id });
    let run = act(&lab, &id, "assign-license", assignment(what, "new.person@acme.example")).await.unwrap();
    assert_eq!(run.output.unwrap()["licenses"].as_array().map(Vec::len), Some(1));
    shows_the_truth(&lab, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn licenses_are_revoked_by_id_and_by_person_and_the_rest_is_refused_in_words() {
    let (lab, id) = permitted(200, Vendor::JetBrains).await;
    let truth = lab.servers.truth(Vendor::JetBrains);
    let (mut revoked, mut early) = (0, 0);
    for license in truth.licenses.iter().filter(|license| holder(&truth, &license.id).is_some()).take(40) {
        match act(&lab, &id, "revoke-license", json!({ "license-id": license.id })).await {
            Ok(run) => {
                assert!(run.effects.iter().any(|effect| effect.what == "no longer has"), "{run:?}");
                revoked += 1;
            }
            Err(error) => {
                assert!(error.to_string().contains("30 days"), "{error}");
                early += 1;
            }
        }
    }
    assert!(revoked > 0 && early > 0, "{revoked} revoked, {early} too early");
    shows_the_truth(&lab, &id).await;

    // All licenses of somebody, or of one product.
    let mut by_person = 0;
    for user in truth.users.iter().rev().take(10) {
        if act(&lab, &id, "revoke-license", json!({ "email": user.id })).await.is_ok() {
            by_person += 1;
            let run = act(&lab, &id, "revoke-license", json!({ "email": user.id })).await.unwrap();
            assert!(run.summary.unwrap().contains("nothing was revoked"), "revoking twice changes nothing");
            assert!(run.effects.iter().all(|effect| effect.what != ActionEffect::CHANGED), "{:?}", run.effects);
        }
    }
    assert!(by_person > 0);
    shows_the_truth(&lab, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_refusal_is_explained() {
    let (lab, _) = permitted(1_000, Vendor::JetBrains).await;
    let truth = lab.servers.truth(Vendor::JetBrains);
    let by_id = |id: &str| assignment(json!({ "license-id": id }), "new.person@acme.example");
    let by_team = |team: i64, product: &str| assignment(json!({ "team-id": team, "product-code": product }), "n@acme.example");
    let team: i64 = truth.groups[0].id.parse().unwrap();
    refused(&lab, "assign-license", by_id("NOSUCH1234"), "no license of this id").await;
    refused(&lab, "revoke-license", json!({ "license-id": "NOSUCH1234" }), "no license of this id").await;
    refused(&lab, "assign-license", by_team(1, "II"), "no team of this id").await;
    refused(&lab, "assign-license", by_team(team, "XX"), "no product of this code").await;
    let bad = assignment(json!({ "license-id": truth.licenses[0].id }), "not-an-address");
    refused(&lab, "assign-license", bad, "does not take this e-mail address").await;
    let blank = json!({ "license-id": truth.licenses[0].id, "email": "a@acme.example", "first-name": " ", "last-name": "B" });
    refused(&lab, "assign-license", blank, "a first and a last name").await;

    // Licenses that can't go to a person, by what JetBrains says of them: of a server, and expired ones, once they are free.
    let id = "jetbrains".parse().unwrap();
    let mut seen = Vec::new();
    let unheld = truth.licenses.iter().filter(|license| !license.assignable && holder(&truth, &license.id).is_none());
    for license in unheld.take(8) {
        let result = act(&lab, &id, "assign-license", by_id(&license.id)).await;
        seen.extend(result.err().map(|error| error.to_string()));
    }
    let expired = truth.licenses.iter().filter(|license| license.state == "expired" && holder(&truth, &license.id).is_some());
    for license in expired.take(16) {
        if act(&lab, &id, "revoke-license", json!({ "license-id": license.id })).await.is_ok() {
            let result = act(&lab, &id, "assign-license", by_id(&license.id)).await;
            seen.extend(result.err().map(|error| error.to_string()));
        }
    }
    for words in ["has expired", "license server"] {
        assert!(seen.iter().any(|said| said.contains(words)), "{words} is not in {seen:?}");
    }

    lab.servers.rescope(Vendor::JetBrains, Reach::ReadOnly);
    refused(&lab, "assign-license", by_id(&truth.licenses[0].id), "may only read").await;
    lab.servers.rescope(Vendor::JetBrains, Reach::Narrow);
    let other = truth.licenses.iter().find(|license| license.group_id != team.to_string() && license.assignable).unwrap();
    refused(&lab, "assign-license", by_id(&other.id), "another team").await;
}
