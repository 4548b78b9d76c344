//! Changing something needs a permit of the connection, and neither the operator's nor the tenant's veto. Reading needs nothing.

use headcount::store::ActionEffect;
use headcount::{ActionRule, ActionState, Error, Headcount, Permission, Records};
use headcount_tests::{Lab, compiler, egress};
use headcount_vendors::Vendor;
use serde_json::json;

use super::{act, newest, permitted, request, writes};

/// An active user who is nobody's administrator.
fn somebody(lab: &Lab, vendor: Vendor) -> String {
    let truth = lab.servers.truth(vendor);
    truth.users.iter().find(|user| user.status == "active" && user.administrator != Some(true)).unwrap().id.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_only_reads_until_somebody_permits_more() {
    let lab = Lab::new(100).await.unwrap();
    lab.connect_and_sync(Vendor::Tines).await.unwrap();
    let (id, user) = ("tines".parse().unwrap(), somebody(&lab, Vendor::Tines));
    lab.servers.reset_requests();
    let error = act(&lab, &id, "deactivate", json!({ "user-id": user })).await.unwrap_err();
    assert!(matches!(&error, Error::ActionForbidden { permission, .. } if !permission.is_given()), "{error}");
    assert!(error.to_string().contains("headcount action permit tines deactivate"), "{error}");
    assert!(lab.servers.requests(Vendor::Tines).is_empty(), "the vendor was asked");
    let run = newest(&lab).await;
    assert_eq!((run.state, run.asked.requested_by.as_str()), (ActionState::Forbidden, "ana@acme.example"));

    lab.acme.permit_actions(&id, &["deactivate".to_owned()], "ruth", Some("offboarding")).await.unwrap();
    act(&lab, &id, "deactivate", json!({ "user-id": user })).await.unwrap();
    let error = act(&lab, &id, "reactivate", json!({ "user-id": user })).await.unwrap_err();
    assert!(matches!(error, Error::ActionForbidden { .. }), "only what was named is permitted: {error}");
    lab.acme.forbid_actions(&id, &[]).await.unwrap();
    assert!(act(&lab, &id, "deactivate", json!({ "user-id": user })).await.is_err());
    let offered = lab.acme.actions(&id).await.unwrap();
    assert!(offered.iter().all(|offered| matches!(offered.permission, Permission::NotPermitted(..))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_forbids_nobody_permits() {
    let (lab, id) = permitted(100, Vendor::Tines).await;
    let user = somebody(&lab, Vendor::Tines);
    for (rule, forbidden) in [("*", true), ("tines", true), ("tines/deactivate", true), ("jumpcloud", false)] {
        let builder = Headcount::builder(lab.data.path()).egress(egress(&lab.servers)).compiler(compiler().unwrap());
        let strict = builder.forbid_actions(rule.parse().unwrap()).open().await.unwrap().tenant("acme".parse().unwrap());
        let before = writes(&lab, Vendor::Tines);
        let result = strict.act(&id, &request("deactivate", json!({ "user-id": user }))).await;
        assert_eq!(result.is_err(), forbidden, "{rule}");
        if let Err(error) = result {
            assert!(error.to_string().contains("operator"), "{error}");
            assert_eq!(writes(&lab, Vendor::Tines), before);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_forbids_one_connection_its_tenant_does_not_lift_and_others_keep() {
    let (lab, id) = permitted(100, Vendor::Tines).await;
    let input = json!({ "user-id": somebody(&lab, Vendor::Tines) });
    let ours = ["connection:acme/tines", "connection:acme/tines/deactivate", "connection:acme/*"];
    let others =
        ["connection:acme/jetbrains", "connection:acme/tines/reactivate", "connection:other/tines", "connection:other/*"];
    for (rule, forbidden) in ours.map(|rule| (rule, true)).into_iter().chain(others.map(|rule| (rule, false))) {
        let builder = Headcount::builder(lab.data.path()).egress(egress(&lab.servers)).compiler(compiler().unwrap());
        let strict = builder.forbid_actions(rule.parse().unwrap()).open().await.unwrap().tenant("acme".parse().unwrap());
        // All that a tenant can do about it.
        strict.permit_actions(&id, &[], "mallory", Some("I may")).await.unwrap();
        strict.resume_actions().await.unwrap();
        let offered = strict.actions(&id).await.unwrap();
        let deactivate = offered.iter().find(|offered| offered.action.name == "deactivate").unwrap();
        assert_eq!(deactivate.permission.is_given(), !forbidden, "{rule}");
        let before = writes(&lab, Vendor::Tines);
        match strict.act(&id, &request("deactivate", input.clone())).await {
            Ok(_) => assert!(!forbidden, "{rule}"),
            Err(error) => {
                let told = error.to_string();
                assert!(forbidden && told.contains(&format!("forbids {rule}")), "{rule}: {told}");
                assert!(told.contains("only the operator can change that (forbid-actions)"), "{told}");
                assert_eq!(writes(&lab, Vendor::Tines), before, "{rule}: the vendor was asked");
                assert_eq!(newest(&lab).await.state, ActionState::Forbidden);
            }
        }
    }
    // A connection that is removed and made anew is the same to the operator.
    let builder = Headcount::builder(lab.data.path()).egress(egress(&lab.servers)).compiler(compiler().unwrap());
    let strict = builder.forbid_actions(ActionRule::connection("acme".parse().unwrap(), Some(id.clone()))).open().await.unwrap();
    lab.acme.remove(&id, Records::Purge).await.unwrap();
    lab.connect_and_sync(Vendor::Tines).await.unwrap();
    let acme = strict.tenant("acme".parse().unwrap());
    acme.permit_actions(&id, &[], "mallory", None).await.unwrap();
    let before = writes(&lab, Vendor::Tines);
    let error = acme.act(&id, &request("deactivate", input)).await.unwrap_err();
    assert!(
        matches!(&error, Error::ActionForbidden { permission, .. } if matches!(**permission, Permission::ForbiddenByOperator(_)))
    );
    assert_eq!(writes(&lab, Vendor::Tines), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_stops_all_its_actions_at_once_and_no_other_tenants() {
    let (lab, id) = permitted(100, Vendor::Tines).await;
    let user = somebody(&lab, Vendor::Tines);
    lab.acme.stop_actions("ruth", Some("an incident")).await.unwrap();
    let error = act(&lab, &id, "deactivate", json!({ "user-id": user })).await.unwrap_err().to_string();
    assert!(error.contains("ruth") && error.contains("an incident") && error.contains("action resume"), "{error}");
    assert_eq!(writes(&lab, Vendor::Tines), 0);
    let other = lab.host.tenant("other".parse().unwrap());
    assert_eq!(other.store().action_stop(other.id()).await.unwrap(), None);
    lab.acme.resume_actions().await.unwrap();
    act(&lab, &id, "deactivate", json!({ "user-id": user })).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_needs_no_permission_and_reads_alone() {
    let lab = Lab::new(100).await.unwrap();
    lab.connect_and_sync(Vendor::JetBrains).await.unwrap();
    lab.acme.stop_actions("ruth", None).await.unwrap();
    lab.servers.reset_requests();
    let id = "jetbrains".parse().unwrap();
    let grants = lab.servers.truth(Vendor::JetBrains).grants;
    let held = grants.iter().find(|grant| grant.target_kind == "license" && grant.principal_kind == "user").unwrap();
    let run = act(&lab, &id, "licenses-of-user", json!({ "email": held.principal.to_uppercase() })).await.unwrap();
    assert_eq!(run.state, ActionState::Done);
    assert_eq!(writes(&lab, Vendor::JetBrains), 0);
    assert!(!run.effects.is_empty() && run.effects.iter().all(|effect| effect.what != ActionEffect::CHANGED), "{run:?}");
    let output = run.output.unwrap();
    let licenses: Vec<&str> =
        output["licenses"].as_array().unwrap().iter().filter_map(|license| license["license-id"].as_str()).collect();
    assert!(licenses.contains(&held.target.as_str()), "{licenses:?}");

    // The answer is kept by account, for whoever maps it into a field.
    let answers = lab.acme.action_answers(&id, Some(&held.principal)).await.unwrap();
    assert_eq!((answers.len(), answers[0].action.as_str(), answers[0].stale), (1, "licenses-of-user", false));
    assert_eq!(answers[0].answer, output);
}

#[tokio::test(flavor = "multi_thread")]
async fn input_that_does_not_fit_is_told_before_anything_happens() {
    let (lab, id) = permitted(100, Vendor::JetBrains).await;
    for input in [json!({}), json!({ "email": 7 }), json!({ "license-id": "A", "email": "a@b.c" }), json!([]), json!({ "x": 1 })]
    {
        let error = act(&lab, &id, "revoke-license", input.clone()).await.unwrap_err();
        assert!(matches!(error, Error::Action(_)), "{input}: {error}");
    }
    let error = act(&lab, &id, "explode", json!({})).await.unwrap_err().to_string();
    assert!(error.contains("revoke-license"), "{error}");
    let nobody = headcount::ActionRequest::new("revoke-license", json!({ "license-id": "A" }), " ");
    assert!(matches!(lab.acme.act(&id, &nobody).await, Err(Error::ActionRequest(_))));
    assert!(lab.servers.requests(Vendor::JetBrains).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_tells_whom_it_concerns_and_asks_the_vendor_nothing() {
    let (lab, id) = permitted(100, Vendor::JetBrains).await;
    let truth = lab.servers.truth(Vendor::JetBrains);
    let held = truth.grants.iter().find(|grant| grant.target_kind == "license" && grant.principal_kind == "user").unwrap();
    let license = truth.licenses.iter().find(|license| license.id == held.target).unwrap();
    let (preview, permission) = lab.acme.preview(&id, "revoke-license", &json!({ "license-id": license.id })).await.unwrap();
    assert!(preview.destructive && permission.is_given());
    assert_eq!(preview.requests, ["POST https://account.jetbrains.com/api/v1/customer/licenses/revoke"]);
    assert!(preview.concerns[0].says.contains(license.product_name), "{:?}", preview.concerns);
    assert!(preview.concerns[0].says.contains(&held.principal), "{:?}", preview.concerns);
    let (preview, _) = lab.acme.preview(&id, "revoke-license", &json!({ "email": held.principal })).await.unwrap();
    let user = truth.users.iter().find(|user| user.id == held.principal).unwrap();
    assert!(preview.concerns[0].says.contains(user.display_name.as_deref().unwrap()), "{:?}", preview.concerns);
    assert!(preview.concerns[0].says.contains("license"), "{:?}", preview.concerns);
    let (preview, _) = lab.acme.preview(&id, "revoke-license", &json!({ "email": "nobody@acme.example" })).await.unwrap();
    assert!(preview.concerns[0].says.contains("nobody"), "{:?}", preview.concerns);
    assert!(lab.servers.requests(Vendor::JetBrains).is_empty());
}
