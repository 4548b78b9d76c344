//! An action while a sync reads: what it touched is not overwritten by pages that were read before.

use std::time::Duration;

use headcount::{Kind, SessionState};
use headcount_vendors::{Fault, Rule, Vendor};
use serde_json::json;

use super::{act, permitted, shows_the_truth, status};

#[tokio::test(flavor = "multi_thread")]
async fn what_an_action_changed_while_a_sync_read_stays_changed() {
    let (lab, id) = permitted(100, Vendor::JumpCloud).await;
    let truth = lab.servers.truth(Vendor::JumpCloud);
    let user = truth.users.iter().find(|user| user.status == "active" && user.administrator != Some(true)).unwrap();
    // Users are read before groups are asked for, which takes a while: long enough for the action, and harmless if it isn't.
    let slow = Fault::Delay(Duration::from_secs(4));
    lab.servers.faults(Vendor::JumpCloud).set(Rule { times: 1, ..Rule::always("/api/v2/usergroups", slow) });
    let (report, acted) = tokio::join!(lab.sync(&id), async {
        loop {
            let asked = lab.servers.requests(Vendor::JumpCloud);
            if asked.iter().any(|request| request.path.starts_with("/api/v2/usergroups")) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        act(&lab, &id, "deactivate", json!({ "user-id": user.id })).await
    });
    acted.unwrap();
    let report = report.unwrap();
    assert_eq!(report.state, SessionState::Complete, "{:?}", report.notes);
    assert_eq!(report.counters.kinds.get(&Kind::User).map_or(0, |users| users.removed), 0);
    assert_eq!(status(&lab, &id, &user.id).await, "suspended", "the page that was read before has overwritten it");
    shows_the_truth(&lab, &id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_action_gave_while_a_sync_read_is_not_missing() {
    let (lab, id) = permitted(1_000, Vendor::JetBrains).await;
    let truth = lab.servers.truth(Vendor::JetBrains);
    let held = |license: &str| truth.grants.iter().any(|grant| grant.target == license);
    // On the first page, which is read before the others.
    let free = truth.licenses.iter().find(|license| license.assignable && !held(&license.id)).unwrap();
    let slow = Fault::Delay(Duration::from_secs(4));
    lab.servers.faults(Vendor::JetBrains).set(Rule { times: 1, ..Rule::nth("/api/v1/customer/licenses", 10, slow) });
    let (report, acted) = tokio::join!(lab.sync(&id), async {
        while lab.servers.requests(Vendor::JetBrains).iter().filter(|request| request.path.ends_with("/licenses")).count() < 10 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let who = json!({
            "license-id": free.id, "email": "new.person@acme.example", "first-name": "Ada", "last-name": "Byron",
        });
        act(&lab, &id, "assign-license", who).await
    });
    acted.unwrap();
    assert_eq!(report.unwrap().state, SessionState::Complete);
    let held = lab.acme.store().holders(lab.acme.id(), &id, Kind::License, &free.id).await.unwrap();
    assert_eq!(held.len(), 1, "the sync took away what the action gave");
    shows_the_truth(&lab, &id).await;
}
