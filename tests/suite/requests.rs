//! Requests, counted at the servers: no vendor is asked more often than its lists need.

use std::collections::BTreeMap;

use headcount::SessionState;
use headcount_tests::Lab;
use headcount_vendors::Vendor;

/// Syncs a company of 1,000 and counts the requests.
async fn count(vendor: Vendor) -> (Lab, usize) {
    let lab = Lab::new(1_000).await.unwrap();
    let report = lab.connect_and_sync(vendor).await.unwrap();
    assert_eq!(report.state, SessionState::Complete, "{:?} {:?}", report.failure, report.notes);
    let requests = lab.servers.requests(vendor).len();
    assert_eq!(report.counters.requests, requests as u64, "the session counts what the server counts");
    (lab, requests)
}

fn pages(rows: usize, size: usize) -> usize {
    rows.div_ceil(size)
}

#[tokio::test(flavor = "multi_thread")]
async fn jetbrains_takes_a_request_a_page_and_at_most_three_more() {
    let (lab, requests) = count(Vendor::JetBrains).await;
    let most = pages(lab.servers.truth(Vendor::JetBrains).licenses.len(), 100) + 3;
    assert!(requests <= most, "{requests} of {most}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tines_takes_at_most_six_requests() {
    let (_, requests) = count(Vendor::Tines).await;
    assert!(requests <= 6, "{requests}");
}

#[tokio::test(flavor = "multi_thread")]
async fn kandji_takes_a_request_a_page_and_at_most_three_more() {
    let (lab, requests) = count(Vendor::Kandji).await;
    let expected = lab.servers.truth(Vendor::Kandji);
    let most = pages(expected.users.len(), 300) + pages(expected.assets.len(), 300) + 3;
    assert!(requests <= most, "{requests} of {most}");
}

#[tokio::test(flavor = "multi_thread")]
async fn jumpcloud_takes_a_request_a_page_of_each_list_and_at_most_ten_more() {
    let (lab, requests) = count(Vendor::JumpCloud).await;
    let expected = lab.servers.truth(Vendor::JumpCloud);
    let admins = expected.users.iter().filter(|user| user.id.starts_with("admin:")).count();
    let of = |protocol: fn(&str) -> bool| expected.applications.iter().filter(|app| protocol(app.protocol)).count();
    let lists = [
        expected.users.len() - admins,
        admins,
        expected.groups.len(),
        of(|protocol| protocol != "ldap" && protocol != "radius"),
        of(|protocol| protocol == "ldap"),
        of(|protocol| protocol == "radius"),
    ];
    let mut members: BTreeMap<&str, usize> = expected.groups.iter().map(|group| (group.id.as_str(), 0)).collect();
    let mut access: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for app in &expected.applications {
        access.insert((&app.id, "user"), 0);
        access.insert((&app.id, "group"), 0);
    }
    for grant in &expected.grants {
        match grant.target_kind {
            "group" => *members.entry(&grant.target).or_default() += 1,
            "application" => *access.entry((&grant.target, grant.principal_kind)).or_default() += 1,
            _ => {}
        }
    }
    // A list that turns out to be empty takes a request, too, but is not counted for it.
    let all = lists.into_iter().chain(members.into_values()).chain(access.into_values());
    let most = all.map(|rows| pages(rows, 100)).sum::<usize>() + 10;
    assert!(requests <= most, "{requests} of {most}");
}
