//! The same seed gives the same bytes.

use headcount_vendors::{Company, Options, Servers, Vendor};

use crate::client::{get, start};

const TARGETS: [(Vendor, &str); 10] = [
    (Vendor::JetBrains, "/api/v1/customer/licenses?page=3"),
    (Vendor::JetBrains, "/api/v1/token"),
    (Vendor::Tines, "/api/v1/admin/users?per_page=500&include=team_memberships"),
    (Vendor::Tines, "/api/v1/teams?scope=all"),
    (Vendor::Kandji, "/api/v1/users"),
    (Vendor::Kandji, "/api/v1/devices?offset=300"),
    (Vendor::JumpCloud, "/api/systemusers?limit=100&sort=_id&skip=100"),
    (Vendor::JumpCloud, "/api/applications?sort=_id&limit=100"),
    (Vendor::JumpCloud, "/api/v2/usergroups?sort=id&limit=100"),
    (Vendor::JumpCloud, "/api/users?sort=_id"),
];

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes() {
    let (one, two) = (start(400).await, start(400).await);
    let other = Servers::start(Company::new(8, 400), Options::default()).await.unwrap();
    for (vendor, target) in TARGETS {
        let body = get(&one, vendor, target).await.body;
        assert_eq!(body, get(&two, vendor, target).await.body, "{target}");
        if target != "/api/v1/token" {
            assert_ne!(body, get(&other, vendor, target).await.body, "{target}");
        }
    }
    assert_eq!(one.secret(Vendor::Kandji), two.secret(Vendor::Kandji));
}

#[tokio::test]
async fn a_step_of_life_changes_some_rows_and_is_the_same_on_both_sides() {
    let (one, two) = (start(1_000).await, start(1_000).await);
    for vendor in Vendor::ALL {
        let before = one.truth(vendor);
        one.evolve(3);
        two.evolve(3);
        let after = one.truth(vendor);
        assert_ne!(before, after, "{vendor:?}");
        assert_eq!(after, two.truth(vendor), "{vendor:?}");
        let kept = before.users.iter().filter(|user| after.users.iter().any(|now| now.id == user.id)).count();
        assert!(kept * 10 > before.users.len() * 9, "{vendor:?}: {kept} of {}", before.users.len());
        one.evolve(0);
        assert_eq!(one.truth(vendor), before, "{vendor:?}");
        two.evolve(0);
    }
}
