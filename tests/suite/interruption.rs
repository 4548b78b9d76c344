//! Stopped in the middle, by Ctrl-C, SIGTERM, `kill -9` or from another process: the store holds what it held, and the next sync runs,
//! or goes on where it was.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use headcount::{Kind, SessionState};
use headcount_tests::{Lab, program};
use headcount_vendors::{Fault, RetryAfter, Rule, Vendor};

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
    stopped_by(path, Fault::Hang).await
}

async fn stopped_by(path: &str, fault: Fault) -> (Lab, Child, (u64, u64)) {
    let lab = Lab::new(300).await.unwrap();
    lab.connect_and_sync(Vendor::JumpCloud).await.unwrap();
    let before = users(&lab).await;
    lab.servers.evolve(3);
    lab.servers.reset_requests();
    lab.servers.faults(Vendor::JumpCloud).set(Rule::always(path, fault));
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
        assert_eq!((sessions.len(), sessions[0].resumed.len()), (2, 1), "and it was the same one");
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
    let story = headcount(&lab, &["sessions", "show", &newest(&lab).await.id.to_string()]);
    assert!(story.contains("jumpcloud: reading\n  it is reading pages\n"), "{story}");
    let error = lab.sync(&"jumpcloud".parse().unwrap()).await.unwrap_err().to_string();
    assert!(error.contains("another process"), "{error}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Runs the program over the laboratory's folder; gives what it said.
fn headcount(lab: &Lab, arguments: &[&str]) -> String {
    let output = Command::new(program().unwrap()).args(lab.flags().unwrap()).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn newest(lab: &Lab) -> headcount::Session {
    lab.acme.sessions(None, 1).await.unwrap().remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_sync_goes_on_where_it_was_and_tells_so() {
    let (lab, mut child, before) = stuck_at("/api/v2/usergroups").await;
    let done = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(done.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(users(&lab).await, before);
    let open = newest(&lab).await;
    assert!(!open.state.is_over(), "{:?}", open.state);
    lab.servers.faults(Vendor::JumpCloud).clear();
    let report = lab.sync(&open.connection).await.unwrap();
    assert_eq!((report.session, report.state), (open.id, SessionState::Complete), "{:?}", report.notes);
    let pages = lab.servers.requests(Vendor::JumpCloud).into_iter().filter(|request| request.path == "/api/systemusers");
    let pages: Vec<String> = pages.map(|request| request.query).collect();
    // Somebody left meanwhile, so that the list is read twice before it removes anything.
    assert!(report.notes.iter().any(|note| note.starts_with("users was read twice")), "{:?}", report.notes);
    let again = pages.len() - 2 * pages.iter().collect::<std::collections::BTreeSet<_>>().len();
    assert!(again <= 1, "pages of users were read again: {pages:#?}");
    let story = headcount(&lab, &["sessions", "show", &open.id.to_string()]);
    for told in ["interrupted while reading, and resumed", "connector jumpcloud", "credential api-key, entered", "what was read"]
    {
        assert!(story.contains(told), "{told}: {story}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_waits_is_cancelled_from_another_process() {
    let busy = Fault::TooManyRequests(RetryAfter::Seconds(3_000));
    let (lab, mut child, before) = stopped_by("/api/v2/usergroups", busy).await;
    let session = newest(&lab).await.id.to_string();
    assert!(headcount(&lab, &["sessions", "cancel", &session]).contains("ends at its next page"));
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let over = newest(&lab).await;
    assert_eq!((over.id.to_string(), over.state), (session.clone(), SessionState::Cancelled));
    assert!(over.cancel_asked_at.is_some());
    assert_eq!(users(&lab).await, before);
    let story = headcount(&lab, &["sessions", "show", &session]);
    assert!(story.contains("a person asked for its end") && story.contains("asked again after 50 min"), "{story}");
    assert!(headcount(&lab, &["sessions", "cancel", &session]).contains("was over already: cancelled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_session_is_cancelled_at_once_and_the_next_sync_begins_anew() {
    let (lab, mut child, before) = stuck_at("/api/v2/usergroups").await;
    child.kill().unwrap();
    child.wait().unwrap();
    let open = newest(&lab).await;
    let id = open.id.to_string();
    let story = headcount(&lab, &["sessions", "show", &id]);
    assert!(story.starts_with(&format!("session {id} of jumpcloud: interrupted while reading\n  interrupted since ")), "{story}");
    assert!(story.contains("; the next sync goes on with it\n"), "{story}");
    let list = headcount(&lab, &["sessions"]);
    assert!(list.lines().nth(1).unwrap().contains("  interrupted  "), "{list}");
    assert!(headcount(&lab, &["sessions", "cancel", &open.id.to_string()]).contains("nobody worked on it"));
    assert_eq!(newest(&lab).await.state, SessionState::Cancelled);
    assert_eq!(users(&lab).await, before);
    lab.servers.faults(Vendor::JumpCloud).clear();
    let report = lab.sync(&open.connection).await.unwrap();
    assert_eq!(report.state, SessionState::Complete);
    assert_ne!(report.session, open.id);
}
