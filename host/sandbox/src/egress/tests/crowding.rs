//! What happens where connections are scarce: turns by tenant, idle ones closed first, and an end to every wait.

use futures::FutureExt as _;
use tokio::time::Instant;

use super::server::said;
use super::*;
use crate::fair::Crowded;

fn crowded(server: &Server, most: u32) -> Arc<Egress> {
    Egress::new(EgressOptions { max_connections: Some(most), ..options(server) }).unwrap()
}

fn gate_of(egress: &Arc<Egress>, tenant: &str, connection: &str, budget: Budget) -> Arc<Gate> {
    let (tenant, connection) = (tenant.parse().unwrap(), connection.parse().unwrap());
    egress.gate(GateOptions { tenant, connection, ..gate_options(budget) }).unwrap()
}

fn connections(server: &Server) -> Vec<usize> {
    server.seen().iter().map(|seen| seen.connection).collect()
}

/// Waits until every connection is closed.
async fn all_places_are_free(egress: &Egress, most: usize) {
    let deadline = Instant::now() + Duration::from_secs(20);
    let places = (0..most).map(async |at| egress.pool.place(&format!("t{at}").parse().unwrap(), deadline).await);
    assert!(futures::future::join_all(places).await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn the_longest_idle_connection_of_the_tenant_that_has_most_makes_room() {
    let server = Server::saying("[]").await;
    let egress = crowded(&server, 6);
    let gates: Vec<_> = ["one", "two", "three"].map(|name| gate_of(&egress, "greedy", name, Budget::default())).into();
    for gate in &gates {
        get(gate, USERS).await.unwrap();
    }
    let others = ["modest", "third", "fourth", "last"].map(|name| gate_of(&egress, name, "one", Budget::default()));
    for gate in &others {
        get(gate, USERS).await.unwrap();
    }
    for gate in [&others[3], &others[0], &gates[1], &gates[2]] {
        get(gate, USERS).await.unwrap();
    }
    assert_eq!(connections(&server), [0, 1, 2, 3, 4, 5, 6, 6, 3, 1, 2], "only the first of the greedy tenant was closed");
    get(&gates[0], USERS).await.unwrap();
    assert_eq!(connections(&server).last(), Some(&7));
}

#[tokio::test]
async fn a_tenant_that_has_half_of_all_connections_closes_its_own_for_a_further_one() {
    let server = Server::saying("[]").await;
    let egress = crowded(&server, 4);
    let modest = gate_of(&egress, "modest", "one", Budget::default());
    let gates = ["one", "two", "three"].map(|name| gate_of(&egress, "greedy", name, Budget::default()));
    for gate in [&modest, &gates[0], &gates[1], &gates[2], &modest, &gates[1]] {
        get(gate, USERS).await.unwrap();
    }
    assert_eq!(connections(&server), [0, 1, 2, 3, 0, 2]);
}

#[tokio::test]
async fn a_tenant_that_keeps_all_its_connections_busy_leaves_half_to_others() {
    let server = Server::with("api.example.com", &[b"http/1.1"], |seen| {
        let is_held = seen.uri.contains("held");
        Box::pin(async move { if is_held { std::future::pending().await } else { Some(said("[]")) } })
    })
    .await;
    let egress = crowded(&server, 4);
    let hoarder = gate_of(&egress, "hoarder", "one", Budget::default());
    let held = format!("{USERS}/held");
    let mut held: Vec<_> = (0..8).map(|_| Box::pin(get(&hoarder, &held))).collect();
    assert!(held.iter_mut().all(|one| one.as_mut().now_or_never().is_none()));
    let others = ["one", "two"].map(|name| gate_of(&egress, "modest", name, Budget::default()));
    let both = futures::future::join_all(others.iter().map(|gate| get(gate, USERS))).await;
    assert!(both.iter().all(Result::is_ok));
}

#[tokio::test]
async fn one_connection_may_open_all_there_are_and_gives_them_back() {
    for protocol in [&b"http/1.1"[..], b"h2"] {
        let server = Server::with("api.example.com", &[protocol], |_| Box::pin(async { Some(said("[]")) })).await;
        let egress = crowded(&server, 3);
        for tenant in ["a", "b", "c", "d", "e", "a", "b"] {
            get(&gate_of(&egress, tenant, "one", Budget::default()), USERS).await.unwrap();
        }
        all_places_are_free(&egress, 3).await;
    }
}

#[tokio::test]
async fn tenants_connect_in_turn_however_many_wait_of_one() {
    let server = Server::saying("[]").await;
    let egress = crowded(&server, 1);
    let (greedy, modest) =
        (gate_of(&egress, "greedy", "one", Budget::default()), gate_of(&egress, "modest", "one", Budget::default()));
    let (greedy, modest) = (&greedy, &modest);
    let asked = |gate, name: &str| {
        let url = format!("{USERS}/{name}");
        async move { get(gate, &url).await.unwrap() }
    };
    let all: Vec<_> = [(greedy, "g1"), (greedy, "g2"), (greedy, "g3"), (modest, "m1"), (modest, "m2")]
        .map(|(gate, name)| asked(gate, name))
        .into();
    futures::future::join_all(all).await;
    let order: Vec<String> = server.seen().iter().map(|seen| seen.uri.replace("/v1/users/", "")).collect();
    assert_eq!(order, ["g1", "g2", "m1", "g3", "m2"]);
    assert_eq!(egress.pool.waiting(), 0);
}

#[tokio::test]
async fn a_tenant_that_hoards_connections_is_waited_for_until_the_end_of_the_call() {
    let server = Server::with("api.example.com", &[b"http/1.1"], |_| Box::pin(std::future::pending())).await;
    let egress = crowded(&server, 1);
    let hoarder = gate_of(&egress, "hoarder", "one", Budget::default());
    let mut held = Box::pin(get(&hoarder, USERS));
    assert!(held.as_mut().now_or_never().is_none());
    let budget = Budget { call: Duration::from_millis(30), ..Budget::default() };
    let waits = gate_of(&egress, "modest", "one", budget);
    let late = get(&waits, USERS).await.err().unwrap();
    assert!(matches!(&late, Refusal::Crowded(Crowded::Late { permits: 1, .. })), "{late}");
    assert!(late.to_string().starts_with("tenant modest got no connection to a vendor within"), "{late}");
    assert!(matches!(late.code(), wasmtime_wasi_http::Error::ConnectionLimitReached));
    drop(held);
    all_places_are_free(&egress, 1).await;
}

#[tokio::test]
async fn one_connection_keeps_few_idle_however_many_it_opened() {
    let barrier = Arc::new(tokio::sync::Barrier::new(40));
    let server = Server::with("api.example.com", &[b"http/1.1"], move |seen| {
        let barrier = barrier.clone();
        Box::pin(async move {
            if seen.number < 40 {
                barrier.wait().await;
            }
            Some(said("[]"))
        })
    })
    .await;
    let mut manifest = manifest();
    manifest.rate.concurrent = Some(40);
    let budget = Budget { concurrent_requests: 40, ..Budget::default() };
    let options_ = GateOptions { manifest: Arc::new(manifest), ..gate_options(budget) };
    let gate = crowded(&server, 100).gate(options_).unwrap();
    let all = (0..40).map(|_| get(&gate, USERS));
    assert!(futures::future::join_all(all).await.iter().all(Result::is_ok));
    // Sixteen were kept, and they serve whatever comes next.
    let all = (0..16).map(|_| get(&gate, USERS));
    assert!(futures::future::join_all(all).await.iter().all(Result::is_ok));
    assert!(connections(&server).iter().all(|connection| *connection < 40));
    let key = pool::Key {
        tenant: gate.tenant.clone(),
        connection: gate.connection.clone(),
        origin: url::Origin { secure: true, host: "api.example.com".to_owned(), port: 443 },
        identity: None,
    };
    let again = (0..30).map(|_| gate.egress.pool.take(&key)).collect::<Vec<_>>();
    let kept = futures::future::join_all(again).await.iter().flatten().count();
    assert_eq!(kept, 16);
}
