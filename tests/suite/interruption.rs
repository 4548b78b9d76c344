//! Stopped in the middle, by Ctrl-C or by `kill -9`: the store holds what it held, and the next sync runs.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use headcount::{Kind, SessionState};
use headcount_tests::{Lab, program};
use headcount_vendors::{Fault, Rule, Vendor};

async fn users(lab: &Lab) -> (u64, u64) {
    let counts = lab.acme.store().counts(lab.acme.id()).await.unwrap();
    counts.iter().find(|count| count.kind == Kind::User).map_or((0, 0), |count| (count.present, count.gone))
}

/// A sync in a process of its own, stopped at a request that is never answered.
fn stuck_sync(lab: &Lab) -> Child {
    Command::new(program().unwrap())
        .args(lab.flags().unwrap())
        .args(["--json", "sync", "jumpcloud"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until the server has seen a request for this path.
async fn reached(lab: &Lab, path: &str) {
    for _ in 0..600 {
        if lab.servers.requests(Vendor::JumpCloud).iter().any(|request| request.path.starts_with(path)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nobody asked for {path} within 30 seconds");
}

/// Syncs, changes the company, and begins a second sync that gets stuck at `path`.
async fn stuck_at(path: &str) -> (Lab, Child, (u64, u64)) {
    let lab = Lab::new(300).await.unwrap();
    lab.connect_and_sync(Vendor::JumpCloud).await.unwrap();
    let before = users(&lab).await;
    lab.servers.evolve(3);
    lab.servers.reset_requests();
    lab.servers.faults(Vendor::JumpCloud).set(Rule::always(path, Fault::Hang));
    let child = stuck_sync(&lab);
    reached(&lab, path).await;
    (lab, child, before)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_sync_changes_nothing_and_the_next_one_completes() {
    for path in ["/api/systemusers", "/api/users", "/api/v2/usergroups", "/api/applications", "/api/radiusservers"] {
        let (lab, mut child, before) = stuck_at(path).await;
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(users(&lab).await, before, "killed at {path}");
        lab.servers.faults(Vendor::JumpCloud).clear();
        let report = lab.sync(&"jumpcloud".parse().unwrap()).await.unwrap();
        assert_eq!(report.state, SessionState::Complete, "after a kill at {path}: {:?} {:?}", report.failure, report.notes);
        assert_eq!(users(&lab).await.0, lab.servers.truth(Vendor::JumpCloud).users.len() as u64);
        let sessions = lab.acme.sessions(None, 10).await.unwrap();
        assert!(sessions.iter().all(|session| session.state.is_over()), "the killed session was ended: {sessions:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_cancels_cleanly_and_says_so() {
    let (lab, mut child, before) = stuck_at("/api/v2/usergroups").await;
    let done = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(done.success());
    let status = child.wait().unwrap();
    let said: Vec<String> = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok).collect();
    assert_eq!(status.code(), Some(130), "{said:?}");
    assert!(said.iter().any(|line| line.to_lowercase().contains("stopping cleanly")), "{said:?}");
    assert_eq!(users(&lab).await, before);
    let sessions = lab.acme.sessions(None, 1).await.unwrap();
    assert_eq!(sessions[0].state, SessionState::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_synced_by_one_process_at_a_time() {
    let (lab, mut child, _) = stuck_at("/api/v2/usergroups").await;
    let error = lab.sync(&"jumpcloud".parse().unwrap()).await.unwrap_err().to_string();
    assert!(error.contains("another process"), "{error}");
    child.kill().unwrap();
    child.wait().unwrap();
}
