//! `headcount serve`, as an operator runs it, and the commands beside it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use headcount::store::{Health, HealthState, Life, LifeState, Witness};
use headcount::{SessionState, Timestamp};
use headcount_tests::{Lab, program};
use headcount_vendors::{Fault, Rule, Vendor};
use serde_json::Value;

/// A lab with one connection that runs by itself.
async fn lab() -> Lab {
    let lab = Lab::new(20).await.unwrap();
    let id = lab.connect(Vendor::Tines).await.unwrap();
    let mut connection = lab.acme.connection(&id).await.unwrap();
    connection.life = Life::new(LifeState::Active, Witness::Person(String::new()), Timestamp::now());
    lab.acme.store().put_connection(&connection).await.unwrap();
    lab
}

fn command(lab: &Lab, arguments: &[&str]) -> Command {
    let mut command = Command::new(program().unwrap());
    command.args(lab.flags().unwrap()).args(arguments);
    command
}

fn run(lab: &Lab, arguments: &[&str]) -> Output {
    command(lab, arguments).output().unwrap()
}

/// What a command prints; it must succeed.
fn said(lab: &Lab, arguments: &[&str]) -> String {
    let output = run(lab, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A server, and the events that it prints.
struct Server {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Server {
    fn start(lab: &Lab) -> Self {
        let mut child = command(lab, &["--json", "serve"]).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut server = Server { child, lines };
        assert_eq!(server.event()["event"], "serving");
        server
    }

    /// The next event.
    fn event(&mut self) -> Value {
        let line = self.lines.next().expect("the server goes on").unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn signal(&self, name: &str) {
        let done = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_runs_what_is_asked_for_and_ends_cleanly_at_sigterm() {
    let lab = lab().await;
    let mut server = Server::start(&lab);
    let refused = run(&lab, &["serve"]);
    assert!(!refused.status.success());
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(words.contains("another process already"), "{words}");

    let asked = said(&lab, &["sync", "tines", "--now"]);
    assert!(asked.contains("the server runs it now"), "{asked}");
    let started = server.event();
    assert_eq!((&started["event"], &started["connection"]), (&"started".into(), &"tines".into()));
    let ended = server.event();
    assert_eq!((&ended["event"], &ended["state"]), (&"ended".into(), &"complete".into()), "{ended}");
    assert!(ended["next"].is_string(), "{ended}");
    assert_eq!(lab.acme.sessions(None, 5).await.unwrap()[0].state, SessionState::Complete);

    server.signal("-TERM");
    assert_eq!(server.event()["event"], "stopped");
    assert!(server.child.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn how_far_a_run_of_the_server_is_and_how_long_it_takes_still_is_shown_by_another_process() {
    const LICENSES: &str = "/api/v1/customer/licenses";
    let lab = Lab::new(60).await.unwrap();
    let id = lab.connect(Vendor::JetBrains).await.unwrap();
    let mut connection = lab.acme.connection(&id).await.unwrap();
    connection.life = Life::new(LifeState::Active, Witness::Person(String::new()), Timestamp::now());
    lab.acme.store().put_connection(&connection).await.unwrap();
    let faults = lab.servers.faults(Vendor::JetBrains);
    faults.page_size(LICENSES, 10);
    faults.set(Rule::always(LICENSES, Fault::Delay(Duration::from_millis(1_200))).page(2));
    faults.set(Rule::always(LICENSES, Fault::Hang).page(3));
    let mut server = Server::start(&lab);
    said(&lab, &["sync", id.as_str(), "--now"]);
    assert_eq!(server.event()["event"], "started");

    let end = Instant::now() + Duration::from_secs(60);
    let (value, shown) = loop {
        // Until the check was made there may be no session.
        let value: Value = serde_json::from_slice(&run(&lab, &["--json", "sessions", "show", "1"]).stdout).unwrap_or_default();
        if value["progress"]["remaining-millis"].is_u64() {
            break (value, said(&lab, &["sessions", "show", "1"]));
        }
        assert!(Instant::now() < end, "{value}");
    };
    let progress = &value["progress"];
    assert_eq!((&value["state"], &progress["rows"]), (&"reading".into(), &20.into()), "{value}");
    let expected = progress["expected"].as_u64().unwrap();
    assert!(expected > 20, "{value}");
    // At the pace so far: two pages took at least as long as the second one was late.
    let least = 1_200 * (expected - 20) / 20;
    assert!(progress["remaining-millis"].as_u64().unwrap() >= least, "{value}");
    assert!(value["counters"]["remaining-millis"].is_null() && progress["as-of"].is_string(), "{value}");
    assert!(shown.contains(&format!("20 of {expected} rows, ")) && shown.contains(", as of "), "{shown}");

    faults.clear();
    said(&lab, &["sessions", "cancel", "1"]);
    assert_eq!(server.event()["event"], "ended");
    let over: Value = serde_json::from_str(&said(&lab, &["--json", "sessions", "show", "1"])).unwrap();
    assert!(over["progress"].is_null() && over["counters"]["remaining-millis"].is_null(), "{over}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_line_of_a_servers_log_has_its_time_and_says_why_a_run_is_not_complete() {
    let lab = lab().await;
    let begun = Timestamp::now().to_string();
    let mut child = command(&lab, &["serve"]).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut server = Server { child, lines };
    let mut line = || {
        let line = server.lines.next().expect("the server goes on").unwrap();
        let (at, rest) = line.split_once(' ').unwrap();
        // To the second, in UTC.
        assert!(at.len() == 20 && at.ends_with('Z'), "{line}");
        assert!(at[..19] >= begun[..19] && at[..19] <= Timestamp::now().to_string()[..19], "{line}");
        rest.to_owned()
    };
    assert!(line().starts_with("serving "));
    let mut ran = || {
        said(&lab, &["sync", "tines", "--now"]);
        assert_eq!(line(), "acme/tines: started");
        line()
    };
    let complete = ran();
    assert!(complete.starts_with("acme/tines: complete; next 20"), "{complete}");

    let broken = Fault::Status { status: 200, content_type: "application/json".into(), body: "{\"teams\": [{}".into() };
    lab.servers.faults(Vendor::Tines).set(Rule::always("/api/v1/teams", broken));
    let partial = ran();
    assert!(partial.starts_with("acme/tines: partial, because not read completely: teams: "), "{partial}");
    lab.servers.faults(Vendor::Tines).clear();
    // The vendor's own words can't write lines of the log.
    let refused = Fault::Status { status: 401, content_type: "text/plain".into(), body: "no\n2099-01-01T00:00:00Z acme".into() };
    lab.servers.faults(Vendor::Tines).set(Rule::always("", refused));
    let failed = ran();
    assert!(failed.starts_with("acme/tines: failed, because ") && failed.contains("; next 20"), "{failed}");

    server.signal("-TERM");
    let last = server.lines.next().unwrap().unwrap();
    assert!(last.ends_with("Z stopped: nothing was under way"), "{last}");
    assert!(server.child.wait().unwrap().success());
}

/// What `headcount health` says of a server, once it says that.
fn health(lab: &Lab, wanted: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let found: Value = serde_json::from_slice(&run(lab, &["--json", "health"]).stdout).unwrap();
        if wanted(&found) {
            return found;
        }
        assert!(Instant::now() < end, "{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_shows_that_it_lives_and_one_that_died_does_not() {
    let lab = lab().await;
    let none = run(&lab, &["health"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&none.stdout).contains("no server"));

    let mut server = Server::start(&lab);
    let well = health(&lab, |found| found["works"] == true);
    assert_eq!((&well["alive"], &well["report"]["process"]), (&true.into(), &server.child.id().into()));
    assert!(said(&lab, &["health"]).contains("lives"));
    // Killed, it tells nothing more: the file grows old.
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let file = std::fs::File::options().write(true).open(lab.data.path().join("serve.health")).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(61)).unwrap();
    let dead = run(&lab, &["health", "--alive"]);
    assert_eq!(dead.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&dead.stdout).contains("no sign of life"));

    // The next one takes its place, and one that ends cleanly leaves nothing.
    let mut server = Server::start(&lab);
    health(&lab, |found| found["works"] == true && found["report"]["process"] == server.child.id());
    server.signal("-TERM");
    assert_eq!(server.event()["event"], "stopped");
    assert!(server.child.wait().unwrap().success());
    assert!(!lab.data.path().join("serve.health").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_pauses_a_connection_is_told_of_the_sync_that_is_under_way() {
    let lab = lab().await;
    let options = headcount::SyncOptions::default();
    options.pause.cancel();
    lab.acme.sync(&"tines".parse().unwrap(), &options).await.unwrap_err();
    let session = lab.acme.sessions(None, 1).await.unwrap()[0].id;
    let output = run(&lab, &["connection", "pause", "tines", "--why", "holidays"]);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && words.contains(&format!("session {session} stops at its next page")), "{words}");
    said(&lab, &["connection", "resume", "tines"]);
    let value: Value = serde_json::from_str(&said(&lab, &["--json", "connection", "pause", "tines", "--after-sync"])).unwrap();
    assert_eq!((&value["session"], &value["session-goes-on"]), (&session.to_string().into(), &true.into()), "{value}");
    said(&lab, &["connection", "resume", "tines"]);
    assert!(said(&lab, &["sync", "tines"]).contains("complete"));
    assert_eq!(lab.acme.sessions(None, 9).await.unwrap().len(), 1, "it went on");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_and_not_taken_is_listed_as_queued() {
    let lab = lab().await;
    lab.acme.request_run(&"tines".parse().unwrap()).await.unwrap();
    let output = run(&lab, &["sessions"]);
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(listed.contains("queued") && listed.contains("waits ") && listed.contains("tines"), "{listed}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("headcount serve"));
    let value: Value = serde_json::from_str(said(&lab, &["--json", "sessions"]).lines().next().unwrap()).unwrap();
    assert_eq!((&value["state"], &value["requested"]), (&"queued".into(), &true.into()), "{value}");
    assert!(said(&lab, &["--json", "sessions", "--connection", "tines"]).contains("queued"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_connections_tells_the_directory_and_why_one_is_not_well() {
    let lab = lab().await;
    let id = "tines".parse().unwrap();
    lab.acme.set_directory(Some(&id)).await.unwrap();
    let mut connection = lab.acme.connection(&id).await.unwrap();
    connection.health = Health::new(HealthState::Incomplete, Witness::Host, Timestamp::now()).because("teams was cut short");
    lab.acme.store().put_connection(&connection).await.unwrap();
    let listed = said(&lab, &["connection", "list"]);
    let row = listed.lines().find(|line| line.contains("tines")).unwrap();
    assert!(row.contains("(directory)") && row.contains("teams was cut short"), "{listed}");
    let value: Value = serde_json::from_str(&said(&lab, &["--json", "connection", "list"])).unwrap();
    assert_eq!(value["directory"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_now_means_here() {
    let lab = lab().await;
    let synced = said(&lab, &["sync", "tines", "--now"]);
    assert!(synced.contains("complete"), "{synced}");
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_are_set_shown_and_paused_from_the_command_line() {
    let lab = lab().await;
    assert!(said(&lab, &["schedule", "show"]).contains("daily"));
    let set = said(&lab, &["schedule", "set", "tines", "--cron", "30 6 * * 1-5", "--zone", "Europe/Berlin"]);
    assert!(set.contains("cron 30 6 * * 1-5 (Europe/Berlin)") && set.contains("waiting"), "{set}");
    let value: Value = serde_json::from_str(&said(&lab, &["--json", "schedule", "show", "tines"])).unwrap();
    assert_eq!((&value["rhythm"]["pattern"], &value["paused"]), (&"30 6 * * 1-5".into(), &false.into()));
    assert!(said(&lab, &["schedule", "pause", "tines"]).contains("schedule paused"));
    assert!(said(&lab, &["schedule", "resume", "tines"]).contains("waiting"));
    assert!(said(&lab, &["schedule", "set", "tines", "--every", "6h"]).contains("every 6 h"));
    for (wrong, why) in [("1min", "5 minutes"), ("40d", "31 days")] {
        let refused = run(&lab, &["schedule", "set", "tines", "--every", wrong]);
        assert_eq!(refused.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&refused.stderr).contains(why), "{wrong}");
    }
    // A time zone says nothing of itself, and is not offered as if it did.
    let bare = String::from_utf8(run(&lab, &["schedule", "set", "tines"]).stderr).unwrap();
    assert!(bare.contains("<--daily|--every <TIME>|--cron <PATTERN>>"), "{bare}");
    let zone = run(&lab, &["schedule", "set", "tines", "--zone", "UTC"]);
    assert!(zone.status.code() == Some(2) && String::from_utf8_lossy(&zone.stderr).contains("--cron <PATTERN>"));
    assert_eq!(run(&lab, &["schedule", "show", "none"]).status.code(), Some(5));
    // Why one does not run by itself, and what helps.
    let remark = || String::from_utf8(run(&lab, &["schedule", "show", "tines"]).stderr).unwrap();
    said(&lab, &["connection", "pause", "tines"]);
    assert!(remark().contains("headcount connection resume tines"), "{}", remark());
    said(&lab, &["connection", "remove", "tines", "--keep-records", "--yes"]);
    assert!(remark().contains("does not run any more") && !remark().contains("headcount connection"), "{}", remark());
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_are_listed_shown_and_read_and_channels_added_from_the_command_line() {
    let lab = lab().await;
    lab.acme.set_credential(&"tines".parse().unwrap(), "api-key", &headcount::Secret::new("wrong".into())).await.unwrap();
    assert_eq!(run(&lab, &["sync"]).status.code(), Some(4));
    let listed = said(&lab, &["notices", "list", "--unread"]);
    assert!(listed.contains("reconnect") && listed.contains("raised"), "{listed}");
    let shown = said(&lab, &["notices", "show", "1"]);
    assert!(shown.contains("next: "), "{shown}");
    assert!(said(&lab, &["--json", "notices", "list", "--unread"]).is_empty(), "showing it is reading it");
    assert_eq!(run(&lab, &["notices", "show", "99"]).status.code(), Some(5));

    let secret = said(&lab, &["notices", "channel", "add", "webhook", "ops", "https://hooks.example.com/x"]);
    assert!(secret.starts_with("whsec_") && secret.trim().len() > 40, "the secret alone, once");
    let listed = said(&lab, &["notices", "channel", "list"]);
    assert!(listed.contains("https://hooks.example.com/x") && !listed.contains(secret.trim()), "{listed}");
    for url in ["http://hooks.example.com/x", "https://127.0.0.1/x", "https://localhost/x", "https://a@hooks.example.com/"] {
        let refused = run(&lab, &["notices", "channel", "add", "webhook", "other", url]);
        assert_eq!(refused.status.code(), Some(2), "{url}");
    }
    said(&lab, &["notices", "channel", "add", "email", "people", "ana@example.com"]);
    assert_eq!(
        run(&lab, &["notices", "channel", "add", "email", "more", "ana@example.com\r\nBcc: eve@x.io"]).status.code(),
        Some(2)
    );
    said(&lab, &["notices", "channel", "remove", "ops"]);
    assert_eq!(run(&lab, &["notices", "channel", "remove", "ops"]).status.code(), Some(5));
    // Nothing on disk has the secret in it.
    let database = std::fs::read(lab.data.path().join("headcount.db")).unwrap();
    assert!(!database.windows(secret.trim().len()).any(|window| window == secret.trim().as_bytes()));
}
