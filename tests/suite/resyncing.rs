//! Syncing again what has not changed: SQLite itself says that nothing was written.

use std::collections::BTreeMap;

use headcount::{Kind, SessionState};
use headcount_tests::Lab;
use headcount_vendors::Vendor;

/// What a sync may not write when nothing changed. Sessions, what they stage, and what is counted by day are not among it.
const TABLES: [&str; 13] = [
    "users",
    "groups",
    "roles",
    "applications",
    "licenses",
    "assets",
    "grants",
    "accounts",
    "persons",
    "links",
    "changes",
    "losses",
    "held",
];

/// Has SQLite write down every row of these tables that is written from now on.
fn watch(lab: &Lab) -> rusqlite::Connection {
    let database = rusqlite::Connection::open(lab.data.path().join("headcount.db")).unwrap();
    database.execute_batch("CREATE TABLE written (what TEXT)").unwrap();
    for table in TABLES {
        for event in ["INSERT", "UPDATE", "DELETE"] {
            let note = format!("INSERT INTO written VALUES ('{event} {table}')");
            let trigger = format!("CREATE TRIGGER written_{event}_{table} AFTER {event} ON {table} BEGIN {note}; END");
            database.execute_batch(&trigger).unwrap();
        }
    }
    database
}

fn written(database: &rusqlite::Connection) -> BTreeMap<String, i64> {
    let mut statement = database.prepare("SELECT what, count(*) FROM written GROUP BY what").unwrap();
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_changed_is_not_written_again() {
    let lab = Lab::new(150).await.unwrap();
    let mut known = BTreeMap::new();
    for vendor in Vendor::ALL {
        let report = lab.connect_and_sync(vendor).await.unwrap();
        assert_eq!(report.state, SessionState::Complete, "{}: {:?}", vendor.name(), report.notes);
        known.insert(vendor, report.counters.kinds[&Kind::User].created);
    }
    // Once more each, for people whose accounts another vendor's sync linked.
    for vendor in Vendor::ALL {
        lab.sync(&vendor.name().parse().unwrap()).await.unwrap();
    }
    let database = watch(&lab);
    for vendor in Vendor::ALL {
        let report = lab.sync(&vendor.name().parse().unwrap()).await.unwrap();
        assert_eq!(report.state, SessionState::Complete, "{}: {:?}", vendor.name(), report.notes);
        let users = report.counters.kinds[&Kind::User];
        assert_eq!((users.unchanged, users.created, users.updated), (known[&vendor], 0, 0), "{}", vendor.name());
        assert_eq!(report.counters.mapped.accounts, known[&vendor], "{}", vendor.name());
        assert_eq!(written(&database), BTreeMap::new(), "{}", vendor.name());
    }
    // The same watch sees what is written.
    lab.servers.evolve(9);
    for vendor in Vendor::ALL {
        lab.sync(&vendor.name().parse().unwrap()).await.unwrap();
    }
    assert!(written(&database).contains_key("UPDATE users"), "{:?}", written(&database));
}
