//! Disks that fail the program: full, past a quota, read-only, locked, damaged. It says so clearly, loses nothing that was committed,
//! and a later sync ends as if nothing had happened.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use headcount_tests::program;
use headcount_vendors::Vendor;
use tempfile::TempDir;

use crate::sweep::store::{Dump, assert_same, dump};
use crate::sweep::world::{World, said, waited};

const PEOPLE: u32 = 60;

async fn world() -> World {
    World::new(Vendor::Tines, PEOPLE).await
}

fn store(data: &Path) -> std::path::PathBuf {
    data.join("headcount.db")
}

/// The records alone: what a failed sync must leave as they were.
fn records(dump: Dump) -> Dump {
    let kinds = ["users", "groups", "roles", "applications", "licenses", "assets", "grants", "accounts"];
    dump.into_iter().filter(|(table, _)| kinds.contains(&table.as_str())).collect()
}

/// The program fails with these words and leaves the records as they were; with a sound disk, a sync ends like an undisturbed one.
async fn fails_and_recovers(world: &World, data: &Path, output: &Output, words: &str) {
    let before = records(dump(&store(world.copy().path())));
    assert!(output.status.code().is_some_and(|code| code != 0), "{:?} {}", output.status, said(output));
    assert!(said(output).contains(words) && !said(output).contains("panicked"), "{}", said(output));
    assert_same(&records(dump(&store(data))), &before, words);
    recovers(world, data).await;
}

async fn recovers(world: &World, data: &Path) {
    let undisturbed = world.undisturbed().await;
    let again = world.finish(data).await;
    assert_eq!(again.status.code(), undisturbed.code, "{}", said(&again));
    assert_same(&records(dump(&store(data))), &records(undisturbed.store), "after the failure");
}

/// Runs a script in which a folder can be mounted; nothing where this machine does not allow that.
fn mounting(script: &str) -> Option<Command> {
    let unshare: &[&str] = &["--user", "--map-root-user", "--mount"];
    let ways = [unshare, &unshare[2..]];
    let allowed = |way: &&&[&str]| {
        let tried =
            Command::new("unshare").args(**way).args(["sh", "-c", "mount -t tmpfs none /mnt"]).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    };
    let way = ways.iter().find(allowed)?;
    let mut command = Command::new("unshare");
    command.args(*way).args(["sh", "-c", script, "sh"]);
    Some(command)
}

/// Runs what follows with files of so many bytes at most: the program hears of it as of a quota.
fn with_quota(bytes: u64) -> Command {
    let mut command = Command::new("sh");
    let script = format!("trap '' XFSZ; exec prlimit --fsize={bytes} \"$@\"");
    command.args(["-c", &script, "sh"]).arg(program().unwrap());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_and_loses_nothing() {
    let world = world().await;
    let (data, kept) = (world.copy(), TempDir::new().unwrap());
    let (from, to) = (data.path().display().to_string(), kept.path().display().to_string());
    // A disk that holds what is there and little more; what was on it is kept, for the disk goes with its namespace.
    let script = format!(
        "size=$(du -sk --apparent-size {from} | cut -f1); disk=$(mktemp -d); \
         mount -t tmpfs -o size=$((size + 300))k none $disk && cp -a {from}/. $disk && mount --bind $disk {from} || exit 99; \
         \"$@\"; code=$?; cp -a $disk/. {to}; exit $code"
    );
    match mounting(&script) {
        Some(mut command) => {
            command.arg(program().unwrap());
            let output = waited(world.sync(command, data.path())).await;
            assert_ne!(output.status.code(), Some(99), "{}", said(&output));
            fails_and_recovers(&world, kept.path(), &output, "disk is full: free some space").await;
        }
        // Where nothing can be mounted, a quota is the nearest thing.
        None => a_quota_is_told_over(&world).await,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_that_is_used_up_is_told_and_loses_nothing() {
    a_quota_is_told_over(&world().await).await;
}

async fn a_quota_is_told_over(world: &World) {
    let data = world.copy();
    let log = data.path().join("headcount.db-wal").metadata().unwrap().len();
    let output = waited(world.sync(with_quota(log + 60_000), data.path())).await;
    fails_and_recovers(world, data.path(), &output, "the store's disk does not do what it is asked").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_can_only_be_read_is_told_and_still_answers() {
    let world = world().await;
    let data = world.copy();
    settle(data.path());
    std::fs::set_permissions(store(data.path()), std::fs::Permissions::from_mode(0o444)).unwrap();
    // Permissions do not hold root back: then the program runs as nobody, who owns everything but the store.
    let is_root = rustix::process::getuid().is_root();
    let as_nobody = || {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program().unwrap());
        command
    };
    let plain = || Command::new(program().unwrap());
    if is_root {
        let data = data.path().display();
        let script = format!("chown -R 65534:65534 {data} && chown root {data}/headcount.db");
        assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
    }
    let run = || if is_root { as_nobody() } else { plain() };
    let output = waited(world.sync(run(), data.path())).await;
    assert!(!output.status.success() && said(&output).contains("can't be written to (read-only"), "{}", said(&output));
    let mut listing = world.asks(run(), data.path());
    listing.arg("users");
    let listed = waited(listing).await;
    assert!(listed.status.success() && said(&listed).lines().count() > 10, "{}", said(&listed));
    std::fs::set_permissions(store(data.path()), std::fs::Permissions::from_mode(0o644)).unwrap();
    recovers(&world, data.path()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_of_another_process_is_waited_for() {
    let world = world().await;
    let data = world.copy();
    let other = rusqlite::Connection::open(store(data.path())).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting = world.sync(Command::new(program().unwrap()), data.path()).spawn().unwrap();
    // Questions are answered meanwhile.
    let mut listing = world.asks(Command::new(program().unwrap()), data.path());
    listing.arg("users");
    let listed = waited(listing).await;
    assert!(listed.status.success() && said(&listed).lines().count() > 10, "{}", said(&listed));
    assert!(world.lab.servers.requests(Vendor::Tines).iter().all(|request| request.status == 200));
    other.execute_batch("COMMIT").unwrap();
    let output = tokio::task::spawn_blocking(|| waiting.wait_with_output()).await.unwrap().unwrap();
    let undisturbed = world.undisturbed().await;
    assert_eq!(output.status.code(), undisturbed.code, "{}", said(&output));
    assert_same(&dump(&store(data.path())), &undisturbed.store, "after the lock");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_store_is_told_and_left_alone() {
    let world = world().await;
    let data = world.copy();
    settle(data.path());
    let mut bytes = std::fs::read(store(data.path())).unwrap();
    let length = bytes.len();
    bytes[4_096..length].fill(0x5a);
    std::fs::write(store(data.path()), &bytes).unwrap();
    let output = waited(world.sync(Command::new(program().unwrap()), data.path())).await;
    assert!(!output.status.success() && said(&output).contains("restore it from a copy"), "{}", said(&output));
    assert!(!said(&output).contains("panicked"), "{}", said(&output));
    assert_eq!(std::fs::read(store(data.path())).unwrap()[4_096..length], bytes[4_096..length], "nothing is made worse");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_damaged_or_cut_short_loses_only_what_it_held() {
    let world = world().await;
    let before = records(dump(&store(world.copy().path())));
    for damage in [
        |log: &mut Vec<u8>| log.truncate(log.len() - 1_000),
        |log: &mut Vec<u8>| {
            let middle = log.len() / 2;
            log[middle..].fill(0x5a);
        },
    ] {
        let data = world.copy();
        let path = data.path().join("headcount.db-wal");
        let length = path.metadata().unwrap().len();
        // A process that died in the middle leaves a log with some of its pages.
        let mut limited = Command::new("prlimit");
        limited.args([&format!("--fsize={}", length + 80_000), "--core=0"]).arg(program().unwrap());
        assert!(waited(world.sync(limited, data.path())).await.status.code().is_none());
        let mut log = std::fs::read(&path).unwrap();
        assert!(log.len() as u64 > length);
        damage(&mut log);
        std::fs::write(&path, log).unwrap();
        let _ = std::fs::remove_file(data.path().join("headcount.db-shm"));
        assert_same(&records(dump(&store(data.path()))), &before, "with a damaged log");
        recovers(&world, data.path()).await;
    }
}

/// Brings the log into the store's file.
fn settle(data: &Path) {
    let database = rusqlite::Connection::open(store(data)).unwrap();
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}
