//! Exports as files, and the changes that follow them.

mod times;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Output, Stdio};

use headcount::model::manifest::Settings;
use headcount::model::{Digest, MappedAccount, Records, User};
use headcount::store::{Apply, Counters, FeedCounters, NewSession, NewlyMapped, SessionEnd, StagedPage};
use headcount::{Connection, ConnectionId, Kind, SessionState, Store, TenantId, Timestamp};
use headcount_tests::{Lab, program};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

fn command(lab: &Lab, arguments: &[&str]) -> Command {
    let mut command = Command::new(program().unwrap());
    command.args(lab.flags().unwrap()).args(arguments);
    command
}

fn headcount(lab: &Lab, arguments: &[&str]) -> Output {
    let output = command(lab, arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn lines(text: &[u8]) -> Vec<Value> {
    std::str::from_utf8(text).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A connection that is filled by hand.
pub async fn by_hand(store: &dyn Store, id: &str) -> (TenantId, ConnectionId) {
    let (tenant, id): (TenantId, ConnectionId) = ("acme".parse().unwrap(), id.parse().unwrap());
    let settings = Settings { values: Default::default(), base_url: "https://vendor.example".into(), hosts: vec![] };
    let connection = Connection::new(tenant.clone(), id.clone(), "vendor".parse().unwrap(), settings, Timestamp::from_micros(1));
    store.put_connection(&connection).await.unwrap();
    (tenant, id)
}

/// One session that lists these users, in pages.
pub async fn session(store: &dyn Store, (tenant, id): &(TenantId, ConnectionId), users: Vec<User>) {
    let now = Timestamp::now();
    let new = NewSession {
        tenant: tenant.clone(),
        connection: id.clone(),
        digest: Digest::from_bytes([7; 32]),
        credential: None,
        started_at: now,
    };
    let session = store.begin_session(&new).await.unwrap();
    for (number, users) in users.chunks(1_000).enumerate() {
        let number = u32::try_from(number).unwrap();
        let page = StagedPage {
            feed: "users".into(),
            parent: None,
            number,
            order: (0, 0, number),
            cursor: None,
            records: Records { users: users.to_vec(), ..Records::default() },
            repeats: BTreeSet::new(),
            carries: Default::default(),
            seen: vec![],
            asked_at: None,
        };
        store.stage_page(tenant, session, &page, &Counters::default()).await.unwrap();
    }
    let apply = Apply { now: Some(now), proven: [Kind::User].into(), ..Apply::default() };
    store.apply(tenant, session, &apply).await.unwrap();
    store.correlate(tenant, id, now).await.unwrap();
    let read = FeedCounters { complete: 1, ..FeedCounters::default() };
    let end = SessionEnd {
        state: SessionState::Complete,
        ended_at: now,
        counters: Counters { feeds: [("users".to_owned(), read)].into(), ..Counters::default() },
        scope: None,
        failure: None,
        notes: vec![],
        health: None,
    };
    store.end_session(tenant, session, &end).await.unwrap();
}

fn user(id: String, name: &str) -> User {
    User { email: Some(format!("{id}@x.example")), display_name: Some(name.to_owned()), id, ..User::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_export_says_does_not_stand_beside_the_files_of_one_that_failed() {
    let lab = Lab::new(20).await.unwrap();
    let connection = by_hand(lab.host.store().as_ref(), "one").await;
    session(lab.host.store().as_ref(), &connection, vec![user("1".into(), "Ana")]).await;
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    headcount(&lab, &["export", "all", "--output", path]);
    assert!(folder.path().join("export.json").exists());
    // The last of the collections can't be put in its place.
    std::fs::remove_file(folder.path().join("software.jsonl")).unwrap();
    std::fs::create_dir_all(folder.path().join("software.jsonl/in the way")).unwrap();
    session(lab.host.store().as_ref(), &connection, vec![user("2".into(), "Bo")]).await;
    assert!(!command(&lab, &["export", "all", "--output", path]).output().unwrap().status.success());
    assert!(!folder.path().join("export.json").exists(), "it would tell of other users than users.jsonl has");
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_went_before_they_were_anybodys_are_exported_where_gone_ones_are() {
    let lab = Lab::new(20).await.unwrap();
    let store = lab.host.store().as_ref();
    let connection = by_hand(store, "one").await;
    let nobody = User { id: "nobody".into(), ..User::default() };
    session(store, &connection, vec![user("1".into(), "Ana"), nobody]).await;
    session(store, &connection, vec![]).await;
    let links = |arguments: &[&str]| {
        let all = [&["export", "links", "--output", "-"], arguments].concat();
        let rows = lines(&headcount(&lab, &all).stdout);
        rows.iter().map(|row| (row["account"].as_str().unwrap().to_owned(), row["gone-at"].is_string())).collect::<Vec<_>>()
    };
    assert_eq!(links(&[]), []);
    assert_eq!(links(&["--gone"]), [("1".to_owned(), true), ("nobody".to_owned(), true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_follows_from_an_export_knows_whose_an_account_is_that_returns_and_what_was_made_of_it() {
    let lab = Lab::new(20).await.unwrap();
    let store = lab.host.store().as_ref();
    let connection = by_hand(store, "one").await;
    let listed = async |accounts: &[(&str, &str)]| {
        let users = accounts.iter().map(|(id, _)| user((*id).to_owned(), id)).collect();
        session(store, &connection, users).await;
        let made = accounts.iter().map(|(id, role)| {
            let (sync_key, fields) = (Some(format!("{id}@x.example")), fields(&json!({ "saas-role": role })));
            let account = MappedAccount { sync_key, fields, ..MappedAccount::default() };
            NewlyMapped { id: (*id).to_owned(), account, inputs: role.as_bytes().to_vec() }
        });
        let ((tenant, id), now) = (&connection, Timestamp::now());
        store.put_accounts(tenant, id, &made.collect::<Vec<_>>(), now).await.unwrap();
        // Whose an account is that was not mapped before is known only now.
        store.correlate(tenant, id, now).await.unwrap();
    };
    // People, whose each account is, and which role the mapping gave it.
    type Known = (BTreeSet<String>, BTreeMap<String, String>, BTreeMap<String, Value>);
    let exported = || -> (Known, u64) {
        let folder = TempDir::new().unwrap();
        headcount(&lab, &["export", "all", "--output", folder.path().to_str().unwrap()]);
        let read = |file: &str| std::fs::read(folder.path().join(file)).unwrap();
        let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let people = lines(&read("people.jsonl")).iter().map(|row| word(&row["id"])).collect();
        let links = lines(&read("links.jsonl"));
        let links = links.iter().map(|row| (word(&row["account"]), word(&row["person"]))).collect();
        let roles = lines(&read("accounts.jsonl"));
        let roles = roles.iter().map(|row| (word(&row["account"]), row["fields"]["saas-role"].clone())).collect();
        let about: Value = serde_json::from_slice(&read("export.json")).unwrap();
        ((people, links, roles), about["cursor"].as_u64().unwrap())
    };
    // What was created is looked up as it is now.
    let followed = |(mut people, mut links, mut roles): Known, after: u64, now: &Known| -> Known {
        for change in lines(&headcount(&lab, &["--json", "changes", "--after", &after.to_string()]).stdout) {
            let id = change["id"].as_str().unwrap().to_owned();
            match (change["kind"].as_str().unwrap(), change["what"].as_str().unwrap()) {
                ("person", "created") => drop(people.insert(id)),
                ("person", "removed") => drop(people.remove(&id)),
                ("link", "linked") => drop(links.insert(id, change["fields"]["person"][1].as_str().unwrap().to_owned())),
                ("link", "unlinked") => drop(links.remove(&id)),
                ("account", "created") => drop(roles.insert(id.clone(), now.2[&id].clone())),
                ("account", "updated") => drop(roles.insert(id, change["fields"]["fields.saas-role"][1].clone())),
                ("account", other) => panic!("{other}"),
                _ => {}
            }
        }
        (people, links, roles)
    };
    listed(&[("ana", "User"), ("bo", "User")]).await;
    listed(&[("ana", "User")]).await;
    let (before, cursor) = exported();
    assert_eq!(before.2.len(), 2, "that of the one who is gone, too");
    listed(&[("ana", "Admin"), ("bo", "User"), ("cy", "User")]).await;
    let (after, _) = exported();
    assert_eq!((after.0.len(), after.1.len(), &after.2["ana"]), (3, 3, &json!("Admin")));
    assert_eq!(followed(before, cursor, &after), after);
    assert_eq!(followed(Known::default(), 0, &after), after);
}

fn fields(object: &Value) -> Map<String, Value> {
    object.as_object().cloned().unwrap()
}

fn csv_records(bytes: &[u8]) -> Vec<Vec<String>> {
    // RFC 4180, by hand: a reader that shares nothing with the writer.
    let (mut records, mut record, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let text = std::str::from_utf8(bytes).unwrap();
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match (c, quoted) {
            ('"', true) if characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            ('"', _) => quoted = !quoted,
            (',', false) => record.push(std::mem::take(&mut cell)),
            ('\r', false) if characters.peek() == Some(&'\n') => {
                characters.next();
                record.push(std::mem::take(&mut cell));
                records.push(std::mem::take(&mut record));
            }
            (c, _) => cell.push(c),
        }
    }
    assert!(!quoted && cell.is_empty() && record.is_empty(), "the last line is whole");
    records
}

#[tokio::test(flavor = "multi_thread")]
async fn names_chosen_to_do_harm_arrive_as_they_are_or_harmless() {
    const HOSTILE: [&str; 6] = ["=cmd|' /C calc'!A0", "a,b\"c\r\nd", "\u{1b}]0;owned\u{7}", "\u{202e}gpj.exe", "@SUM(1)", "\t=1"];
    let lab = Lab::new(20).await.unwrap();
    let store = lab.host.store().as_ref();
    let connection = by_hand(store, "hostile").await;
    let users = HOSTILE.iter().enumerate().map(|(at, name)| user(at.to_string(), name)).collect();
    session(store, &connection, users).await;
    let lines = lines(&headcount(&lab, &["export", "users", "--output", "-"]).stdout);
    let names: Vec<&str> = lines.iter().map(|line| line["display-name"].as_str().unwrap()).collect();
    assert_eq!(names, HOSTILE);
    let column = |records: &[Vec<String>]| {
        let at = records[0].iter().position(|name| name == "display-name").unwrap();
        records[1..].iter().map(|record| record[at].clone()).collect::<Vec<_>>()
    };
    let raw = headcount(&lab, &["export", "users", "--format", "csv", "--raw", "--output", "-"]).stdout;
    assert_eq!(column(&csv_records(&raw)), HOSTILE);
    let safe = headcount(&lab, &["export", "users", "--format", "csv", "--output", "-"]).stdout;
    for cell in column(&csv_records(&safe)) {
        assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
        assert!(!cell.chars().any(char::is_control), "{cell:?}");
    }
    // A path that can't be written to is said, and leaves nothing.
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("no/where/users.csv");
    let failed = command(&lab, &["export", "users", "--output", path.to_str().unwrap()]).output().unwrap();
    assert_eq!(failed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&failed.stderr).contains("no/where/users.csv"));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_rows_pass_through_bounded_memory() {
    const ROWS: usize = 100_000;
    let lab = Lab::new(20).await.unwrap();
    let store = lab.host.store().as_ref();
    let connection = by_hand(store, "large").await;
    let attributes = format!("{{\"about\":\"{}\"}}", "x".repeat(1_500));
    let users = (0..ROWS).map(|id| User { attributes: Some(attributes.clone()), ..user(format!("{id:06}"), "Somebody") });
    session(store, &connection, users.collect()).await;
    let mut child = command(&lab, &["export", "users", "--output", "-"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    // The program waits until its output is read: what it holds meanwhile can be looked at.
    let held = |child: &std::process::Child| -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let (mut line, mut read, mut bytes, mut early) = (String::new(), 0, 0, 0);
    while read < ROWS - 2_000 {
        line.clear();
        bytes += reader.read_line(&mut line).unwrap();
        read += 1;
        assert!(line.ends_with('\n'), "it ended after {read} rows");
        if read == 1_000 {
            early = held(&child);
        }
    }
    let late = held(&child);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(read + rest.lines().count(), ROWS);
    assert!(bytes > 150 << 20, "{bytes}");
    // Meanwhile the caches of SQLite's four readers fill up: 16 MiB each, whatever there is to read.
    assert!(late < early + 72 * 1_024, "{early} KiB after 1,000 rows, {late} KiB after {read}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_misses_and_repeats_nothing_while_others_write() {
    const SESSIONS: usize = 12;
    let lab = Lab::new(20).await.unwrap();
    let store = lab.host.store().clone();
    let mut child = command(&lab, &["--json", "changes", "--follow"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut writers = Vec::new();
    for name in ["one", "two", "three"] {
        let store = store.clone();
        writers.push(tokio::spawn(async move {
            let connection = by_hand(store.as_ref(), name).await;
            for round in 0..SESSIONS {
                let users = (0..50).filter(|id| (id + round) % 7 != 0).map(|id| user(format!("{name}-{id}"), &round.to_string()));
                session(store.as_ref(), &connection, users.collect()).await;
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let (last, _) = store.change_bounds(lab.acme.id()).await.unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let (mut line, mut expected) = (String::new(), 1);
    while expected <= last {
        line.clear();
        assert!(reader.read_line(&mut line).unwrap() > 0, "it ended before {expected} of {last}");
        let change: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(change["number"].as_u64(), Some(expected), "{change}");
        expected += 1;
    }
    assert!(last > 1_000, "{last}");
    let stopped = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    assert!(child.wait().unwrap().success());
    // From any number on, the rest comes once.
    let half = (last / 2).to_string();
    let rest = lines(&headcount(&lab, &["--json", "changes", "--after", &half]).stdout);
    let numbers: Vec<u64> = rest.iter().map(|change| change["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (last / 2 + 1..=last).collect::<Vec<_>>());
    // A number that was never given is not taken for the end.
    let unknown = command(&lab, &["changes", "--after", &(last + 1).to_string()]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2), "{}", String::from_utf8_lossy(&unknown.stderr));
}
