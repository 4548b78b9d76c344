//! Actions from outside: who may, what is shown before, what the vendors refuse, what is done once, and what the store shows
//! afterwards.

mod alongside;
mod interruption;
mod jetbrains;
mod opening;
mod permission;
mod program;
mod reading;
mod repeats;
mod users;

use headcount::store::StoredRecord;
use headcount::{ActionFilter, ActionRequest, ActionRun, ConnectionId, Kind};
use headcount_tests::Lab;
use headcount_vendors::Vendor;
use serde_json::Value;

/// A laboratory with a synced connection that permits all its actions.
async fn permitted(people: u32, vendor: Vendor) -> (Lab, ConnectionId) {
    let lab = Lab::new(people).await.unwrap();
    lab.connect_and_sync(vendor).await.unwrap();
    let id: ConnectionId = vendor.name().parse().unwrap();
    lab.acme.permit_actions(&id, &[], "ruth", None).await.unwrap();
    lab.servers.reset_requests();
    (lab, id)
}

fn request(action: &str, input: Value) -> ActionRequest {
    ActionRequest::new(action, input, "ana@acme.example").because("a test")
}

async fn act(lab: &Lab, id: &ConnectionId, action: &str, input: Value) -> Result<ActionRun, headcount::Error> {
    lab.acme.act(id, &request(action, input)).await.map(|acted| acted.run)
}

/// The requests that could change something at a vendor.
fn writes(lab: &Lab, vendor: Vendor) -> usize {
    lab.servers.requests(vendor).iter().filter(|request| request.method != "GET").count()
}

async fn newest(lab: &Lab) -> ActionRun {
    lab.acme.action_runs(&ActionFilter::default()).await.unwrap().remove(0)
}

/// That the store shows what the vendor has: a sync finds nothing to change.
async fn shows_the_truth(lab: &Lab, id: &ConnectionId) {
    let report = lab.sync(id).await.unwrap();
    for (kind, counters) in &report.counters.kinds {
        let changed = counters.created + counters.updated + counters.removed + counters.returned;
        assert_eq!(changed, 0, "{kind}: {counters:?}");
    }
}

async fn status(lab: &Lab, id: &ConnectionId, user: &str) -> String {
    let row = lab.acme.store().record(lab.acme.id(), id, Kind::User, user).await.unwrap().unwrap();
    match row.record {
        StoredRecord::User(user) => user.status.map_or("active", |status| status.as_str()).to_owned(),
        other => panic!("{other:?}"),
    }
}
