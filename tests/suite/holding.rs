//! Removals that are too many, as a person meets them: the program says what waits, and does what is decided.

mod waiting;

use std::process::{Command, Output};

use headcount::store::Filter;
use headcount::{ConnectionId, Kind};
use headcount_tests::{Lab, program};
use headcount_vendors::{Fault, Reach, Rule, Vendor};
use serde_json::Value;

/// Runs the program against the laboratory.
fn headcount(lab: &Lab, arguments: &[&str]) -> Output {
    Command::new(program().unwrap()).args(lab.flags().unwrap()).args(arguments).output().unwrap()
}

/// What a command prints as lines of JSON, and its exit code.
fn json(lab: &Lab, arguments: &[&str]) -> (Vec<Value>, i32) {
    let output = headcount(lab, &[&["--json"], arguments].concat());
    let printed = String::from_utf8(output.stdout).unwrap();
    let lines =
        printed.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect();
    (lines, output.status.code().unwrap())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The ids of the users that are present.
async fn users(lab: &Lab) -> Vec<String> {
    let filter = Filter { limit: 10_000, ..Filter::default() };
    let rows = lab.acme.store().list(lab.acme.id(), Kind::User, &filter).await.unwrap();
    rows.into_iter().map(|row| row.key).collect()
}

/// A vendor that lists nobody, and says that this is all.
fn lists_nobody(lab: &Lab) {
    let body = r#"{"count":0,"next":null,"previous":null,"results":[]}"#.to_owned();
    let fault = Fault::Status { status: 200, content_type: "application/json".into(), body };
    lab.servers.faults(Vendor::Kandji).set(Rule::always("/api/v1/users", fault));
}

/// The session that a sync's last line tells of.
fn session(lines: &[Value]) -> String {
    lines.iter().find(|line| line["event"] == "end").unwrap()["session"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_lists_nobody_takes_nobody_away() {
    let lab = Lab::new(120).await.unwrap();
    lab.connect_and_sync(Vendor::Kandji).await.unwrap();
    let before = users(&lab).await;
    lists_nobody(&lab);

    // A test run ends in the diff that the sync then holds.
    let (lines, _) = json(&lab, &["sync", "kandji", "--test"]);
    let test = session(&lines);
    let (lines, code) = json(&lab, &["sync", "kandji"]);
    let real = session(&lines);
    assert_eq!((code, lines.last().unwrap()["state"].as_str()), (3, Some("held")), "{lines:?}");
    let diff = |session: &str| json(&lab, &["sessions", "diff", session, "--all"]).0;
    let held = diff(&real).into_iter().filter(|row| row["what"] == "held: missing" && row["kind"] == "user").count();
    assert_eq!(held, before.len());
    assert_eq!(diff(&test), diff(&real));
    assert_eq!(users(&lab).await, before);

    // What waits is listed, explained and exported.
    let (waiting, _) = json(&lab, &["sessions", "held"]);
    assert_eq!((waiting.len(), waiting[0]["session"].to_string()), (1, real.clone()));
    assert!(waiting[0]["reasons"].to_string().contains("all "), "{waiting:?}");
    let shown = said(&headcount(&lab, &["sessions", "show", &real]));
    assert!(
        shown.contains("removals wait for a person") && shown.contains(&format!("headcount sessions release {real}")),
        "{shown}"
    );
    let csv = said(&headcount(&lab, &["sessions", "diff", &real, "--all", "--csv"]));
    assert!(csv.starts_with("what,kind,name,id,fields\n") && csv.lines().count() > before.len(), "{csv}");

    // Nobody is asked where nobody sits; a decision has somebody who made it.
    let unasked = headcount(&lab, &["sessions", "release", &real, "--as", "ana"]);
    assert_eq!(unasked.status.code(), Some(2), "{}", said(&unasked));
    let rejected = headcount(&lab, &["sessions", "reject", &real, "--as", "ana", "--reason", "their API was ill", "--yes"]);
    assert!(rejected.status.success(), "{}", said(&rejected));
    let shown = said(&headcount(&lab, &["sessions", "show", &real]));
    assert!(shown.contains("rejected") && shown.contains("by ana: their API was ill"), "{shown}");

    // Whoever syncs meanwhile hears what is missing and stays, and by whose word.
    let stays = format!("missing at the vendor and stay, because ana turned session {real} down");
    let output = headcount(&lab, &["sync", "kandji"]);
    let synced = said(&output);
    assert_eq!(output.status.code(), Some(0), "{synced}");
    assert!(synced.contains(&format!("{} users", before.len())) && synced.contains(&stays), "{synced}");
    assert!(synced.contains("kept, as was decided before") && !synced.contains("removed"), "{synced}");
    let sessions = json(&lab, &["sessions", "--connection", "kandji", "--limit", "1"]).0;
    let shown = said(&headcount(&lab, &["sessions", "show", sessions[0]["id"].as_str().unwrap()]));
    assert!(shown.contains(&stays) && shown.contains("missing at the vendor, but kept, as was decided before"), "{shown}");
    let shown = said(&headcount(&lab, &["connection", "show", "kandji"]));
    assert!(shown.contains(&format!("because ana turned session {real} down")), "{shown}");

    // The vendor recovers: everything is as it was.
    lab.servers.faults(Vendor::Kandji).clear();
    let (lines, code) = json(&lab, &["sync", "kandji"]);
    assert_eq!((code, lines.last().unwrap()["state"].as_str()), (0, Some("complete")), "{lines:?}");
    assert_eq!(users(&lab).await, before);
    assert!(json(&lab, &["sessions", "held", "--all"]).0.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_says_in_the_configuration_when_removals_wait() {
    let lab = Lab::new(120).await.unwrap();
    lab.connect_and_sync(Vendor::Tines).await.unwrap();
    lab.servers.evolve(120);
    let file = lab.data.path().join("operator.toml");
    let arguments = ["--config", file.to_str().unwrap(), "sync", "tines"];
    std::fs::write(&file, "[guard]\nusers.percent = 110").unwrap();
    let refused = headcount(&lab, &arguments);
    assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    assert!(said(&refused).contains("guard.users.percent"), "{}", said(&refused));
    // As much as waits where nobody says otherwise.
    let shares = ["users", "others", "grants", "keys"].map(|kind| format!("{kind}.percent = 100\n")).concat();
    std::fs::write(&file, format!("[guard]\n{shares}users.unconfirmed-percent = 100\nholders-from = 1000\n")).unwrap();
    let (lines, code) = json(&lab, &arguments);
    assert_eq!((code, lines.last().unwrap()["state"].as_str()), (0, Some("complete")), "{lines:?}");
    let mut expected: Vec<String> = lab.servers.truth(Vendor::Tines).users.into_iter().map(|user| user.id).collect();
    expected.sort();
    assert_eq!(users(&lab).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_ends_where_the_vendor_is_and_undo_brings_everybody_back() {
    let lab = Lab::new(120).await.unwrap();
    let id: ConnectionId = lab.connect(Vendor::Tines).await.unwrap();
    lab.sync(&id).await.unwrap();
    let before = users(&lab).await;
    let nothing = headcount(&lab, &["sessions", "undo", "1", "--as", "bo", "--yes"]);
    assert_eq!(nothing.status.code(), Some(1), "{}", said(&nothing));
    assert!(said(&nothing).contains("session 1 removed nothing"), "{}", said(&nothing));
    for verdict in ["release", "reject", "undo", "diff"] {
        let nowhere = headcount(&lab, &["sessions", verdict, "999"]);
        assert_eq!(nowhere.status.code(), Some(5), "{verdict}: {}", said(&nowhere));
        assert!(said(&nowhere).contains("there is no session 999"), "{}", said(&nowhere));
    }
    lab.servers.evolve(120);
    let (lines, code) = json(&lab, &["sync", "tines"]);
    let number = session(&lines);
    assert_eq!((code, lines.last().unwrap()["state"].as_str()), (3, Some("held")), "{lines:?}");
    let meanwhile = users(&lab).await;
    assert!(before.iter().all(|id| meanwhile.contains(id)));

    let released = headcount(&lab, &["sessions", "release", &number, "--as", "ana", "--reason", "they left", "--yes"]);
    assert!(released.status.success(), "{}", said(&released));
    let mut expected: Vec<String> = lab.servers.truth(Vendor::Tines).users.into_iter().map(|user| user.id).collect();
    expected.sort();
    assert_eq!(users(&lab).await, expected);
    let (lines, code) = json(&lab, &["sync", "tines"]);
    assert_eq!((code, lines.last().unwrap()["state"].as_str()), (0, Some("complete")), "{lines:?}");
    let again = headcount(&lab, &["sessions", "release", &number, "--as", "ana", "--yes"]);
    assert!(!again.status.success() && said(&again).contains("released already"), "{}", said(&again));

    let undone = headcount(&lab, &["sessions", "undo", &number, "--as", "bo", "--yes"]);
    // Those whom the release made inactive stay so, and are told.
    assert_eq!(undone.status.code(), Some(3), "{}", said(&undone));
    assert!(said(&undone).contains("the release made it inactive, as the vendor says"), "{}", said(&undone));
    let now = users(&lab).await;
    assert!(before.iter().all(|id| now.contains(id)));
    let shown = said(&headcount(&lab, &["sessions", "show", &number]));
    assert!(shown.starts_with(&format!("session {number} of tines: undone")), "{shown}");
    let listed = said(&headcount(&lab, &["sessions", "--connection", "tines"]));
    assert!(listed.contains("undone") && !listed.contains("released"), "{listed}");
    let (listed, _) = json(&lab, &["sessions", "--connection", "tines"]);
    let told: Vec<_> = listed.iter().filter(|session| session["undone"] == true).map(|session| &session["id"]).collect();
    assert_eq!(told, [number.as_str()]);
    // And they stay, though the vendor does not list them.
    json(&lab, &["sync", "tines"]);
    assert_eq!(users(&lab).await, now);
}

#[tokio::test(flavor = "multi_thread")]
async fn preferences_are_set_shown_and_obeyed() {
    let lab = Lab::new(60).await.unwrap();
    lab.connect(Vendor::Tines).await.unwrap();
    let (shown, code) = json(&lab, &["connection", "preferences", "tines", "--extent", "people-only"]);
    assert_eq!(
        (code, shown[0]["extent"].as_str(), shown[0]["writes"].as_str()),
        (0, Some("people-only"), Some("create-and-update"))
    );
    json(&lab, &["sync", "tines"]);
    let counts = lab.acme.store().counts(lab.acme.id()).await.unwrap();
    assert_eq!(counts.iter().map(|count| count.kind).collect::<Vec<_>>(), [Kind::User]);
    assert_eq!(headcount(&lab, &["connection", "preferences", "tines", "--writes", "nothing"]).status.code(), Some(2));
    assert_eq!(headcount(&lab, &["connection", "preferences", "nowhere"]).status.code(), Some(5));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedder_follows_what_changes_by_number() {
    let lab = Lab::new(60).await.unwrap();
    lab.connect_and_sync(Vendor::Tines).await.unwrap();
    let (mut cursor, mut created) = (0, Vec::new());
    loop {
        let page = lab.acme.changes(cursor, 50, &Default::default()).await.unwrap();
        created.extend(page.changes.into_iter().filter(|change| change.kind == "user").map(|change| change.id));
        cursor = page.cursor;
        if page.end {
            break;
        }
    }
    created.sort();
    assert_eq!(created, users(&lab).await);
    assert!(lab.acme.changes(cursor, 50, &Default::default()).await.unwrap().changes.is_empty());
    assert!(lab.acme.changes(cursor + 1, 50, &Default::default()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organisations_credential_brings_nothing_in_until_a_person_accepts_it() {
    let lab = Lab::new(60).await.unwrap();
    lab.connect_and_sync(Vendor::JumpCloud).await.unwrap();
    let before = users(&lab).await;
    lab.servers.rescope(Vendor::JumpCloud, Reach::OtherOrganization);
    let (lines, code) = json(&lab, &["sync", "jumpcloud"]);
    let number = session(&lines);
    assert_eq!((code, lines.last().unwrap()["state"].as_str()), (3, Some("held")), "{lines:?}");
    assert_eq!(users(&lab).await, before);
    let (diff, _) = json(&lab, &["sessions", "diff", &number, "--all"]);
    let count = |what: &str| diff.iter().filter(|row| row["kind"] == "user" && row["what"] == what).count();
    assert!(count("held: created") > 0 && count("created") == 0, "{diff:?}");
    assert_eq!(count("held: missing"), before.len());
    let (waiting, _) = json(&lab, &["sessions", "held"]);
    assert!(waiting.len() == 1 && waiting[0]["organization"].is_string(), "{waiting:?}");

    let released = headcount(&lab, &["sessions", "release", &number, "--as", "ana", "--reason", "we moved", "--yes"]);
    assert!(released.status.success() && said(&released).contains("brings in organisation"), "{}", said(&released));
    assert_eq!(users(&lab).await, before);
    // What is missing in the new organisation is everybody, which a person looks at once more.
    let (lines, code) = json(&lab, &["sync", "jumpcloud"]);
    assert_eq!((code, lines.last().unwrap()["state"].as_str()), (3, Some("held")), "{lines:?}");
    let now = users(&lab).await;
    assert!(now.len() > before.len() && before.iter().all(|id| now.contains(id)));
    let (waiting, _) = json(&lab, &["sessions", "held"]);
    assert!(waiting[0]["organization"].is_null() && waiting[0]["reasons"].to_string().contains("all "), "{waiting:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_decided_about_a_removed_connection_whose_records_are_kept() {
    let lab = Lab::new(60).await.unwrap();
    lab.connect_and_sync(Vendor::Kandji).await.unwrap();
    lists_nobody(&lab);
    let (lines, _) = json(&lab, &["sync", "kandji"]);
    let held = session(&lines);
    let before = users(&lab).await;
    let removed = headcount(&lab, &["connection", "remove", "kandji", "--keep-records", "--yes"]);
    assert!(removed.status.success(), "{}", said(&removed));
    for verb in ["release", "reject", "undo"] {
        let refused = headcount(&lab, &["sessions", verb, &held, "--yes"]);
        let told = said(&refused);
        assert_eq!(refused.status.code(), Some(2), "{verb}: {told}");
        assert!(told.contains("kandji") && told.contains("is removed"), "{verb}: {told}");
    }
    assert_eq!(users(&lab).await, before);
    let shown = said(&headcount(&lab, &["sessions", "show", &held]));
    assert!(shown.contains("kandji: rejected") && shown.contains("the connection was removed"), "{shown}");
}
