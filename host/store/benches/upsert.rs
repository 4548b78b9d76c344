//! How fast users are written: the store against bare rusqlite with prepared statements, on the same schema, rows, settings and
//! transaction. Rounds alternate, and medians are printed.
//!
//! `cargo bench -p headcount-store -- 100000 5` measures 100,000 users in 5 rounds.

use std::path::Path;
use std::time::{Duration, Instant};

use headcount_model::manifest::Settings;
use headcount_model::{ConnectionId, Digest, Kind, Records, TenantId, Timestamp, User, UserStatus};
use headcount_store::{
    Apply, Connection, Counters, NewSession, Result, SessionEnd, SessionState, SqliteStore, StagedPage, Store,
};

const PHASES: [&str; 3] = ["new", "unchanged", "changed"];

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let numbers: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let (count, rounds) = (numbers.first().copied().unwrap_or(100_000), numbers.get(1).copied().unwrap_or(5));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (mut ours, mut bare, mut synced) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        if round % 2 == 0 {
            ours.push(runtime.block_on(store(count))?);
            bare.push(rusqlite(&runtime, count)?);
        } else {
            bare.push(rusqlite(&runtime, count)?);
            ours.push(runtime.block_on(store(count))?);
        }
    }
    for _ in 0..rounds.min(3) {
        synced.push(runtime.block_on(sync(count))?);
    }
    println!("{count} users, one transaction, median of {rounds} rounds (users/s)");
    println!("{:<12}{:>12}{:>12}{:>8}", "", "store", "rusqlite", "ratio");
    for (phase, name) in PHASES.into_iter().enumerate() {
        let (ours, bare) = (median(&ours, phase), median(&bare, phase));
        let rate = |time: Duration| count as f64 / time.as_secs_f64();
        println!("{name:<12}{:>12.0}{:>12.0}{:>8.2}", rate(ours), rate(bare), bare.as_secs_f64() / ours.as_secs_f64());
    }
    println!("a whole session (users/s)");
    for (phase, name) in ["stage", "apply new", "end", "stage again", "apply same", "end again"].into_iter().enumerate() {
        println!("{name:<12}{:>12.0}", count as f64 / median(&synced, phase).as_secs_f64());
    }
    Ok(())
}

fn median<const N: usize>(rounds: &[[Duration; N]], phase: usize) -> Duration {
    let mut times: Vec<Duration> = rounds.iter().filter_map(|round| round.get(phase).copied()).collect();
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn tenant() -> TenantId {
    TenantId::try_from("acme".to_owned()).unwrap_or_else(|error| unreachable!("{error}"))
}

fn connection() -> ConnectionId {
    ConnectionId::try_from("jumpcloud".to_owned()).unwrap_or_else(|error| unreachable!("{error}"))
}

/// Users as a directory gives them, in no order of their ids.
fn users(count: usize, version: u32) -> Vec<User> {
    (0..count)
        .map(|number| {
            let id = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            User {
                id: format!("{id:016x}{number:08x}"),
                status: Some(if number % 17 == 0 { UserStatus::Suspended } else { UserStatus::Active }),
                user_name: Some(format!("user{number}")),
                email: Some(format!("user{number}@corporation.example")),
                display_name: Some(format!("Given{number} Family{number}")),
                given_name: Some(format!("Given{number}")),
                family_name: Some(format!("Family{number}")),
                title: Some(format!("Engineer {version}")),
                department: Some("Research and Development".into()),
                administrator: Some(number % 100 == 0),
                mfa: Some(number % 2 == 0),
                created_at: Some(Timestamp::from_micros(1_600_000_000_000_000 + number as i64)),
                last_seen_at: Some(Timestamp::from_micros(1_700_000_000_000_000 + number as i64)),
                attributes: Some(format!(r#"{{"city":"Lisbon","cost-center":"{}","state":"ACTIVATED"}}"#, number % 50)),
                ..User::default()
            }
        })
        .collect()
}

async fn store(count: usize) -> std::result::Result<[Duration; 3], Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open(&folder.path().join("store.db")).await?;
    let mut times = [Duration::ZERO; 3];
    for (time, version) in times.iter_mut().zip([1, 1, 2]) {
        let users = users(count, version);
        let start = Instant::now();
        store.upsert_users(&tenant(), &connection(), users, Timestamp::from_micros(i64::from(version))).await?;
        *time = start.elapsed();
    }
    store.close().await;
    Ok(times)
}

const UPSERT: &str = "
    INSERT INTO users (tenant, connection, id, hash, first_seen_at, changed_at, folded, email_key, status, account_type, user_name,
        email, aliases, display_name, given_name, family_name, external_id, employee_number, manager_id, title, department,
        administrator, mfa, created_at, updated_at, last_seen_at, attributes)
    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
    ON CONFLICT (tenant, connection, id) DO UPDATE SET
        hash = excluded.hash, changed_at = excluded.changed_at, gone_at = NULL, seen_session = NULL, seen_at = NULL,
        folded = excluded.folded, email_key = excluded.email_key, status = excluded.status, account_type = excluded.account_type,
        user_name = excluded.user_name, email = excluded.email, aliases = excluded.aliases, display_name = excluded.display_name,
        given_name = excluded.given_name, family_name = excluded.family_name, external_id = excluded.external_id,
        employee_number = excluded.employee_number, manager_id = excluded.manager_id, title = excluded.title,
        department = excluded.department, administrator = excluded.administrator, mfa = excluded.mfa,
        created_at = excluded.created_at, updated_at = excluded.updated_at, last_seen_at = excluded.last_seen_at,
        attributes = excluded.attributes
    WHERE users.hash <> excluded.hash OR users.gone_at IS NOT NULL OR users.seen_at IS NOT NULL";

fn rusqlite(runtime: &tokio::runtime::Runtime, count: usize) -> std::result::Result<[Duration; 3], Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bare.db");
    runtime.block_on(make_schema(&path))?;
    let mut database = rusqlite::Connection::open(&path)?;
    database.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = 1; PRAGMA cache_size = -10240",
    )?;
    let mut times = [Duration::ZERO; 3];
    for (time, version) in times.iter_mut().zip([1_u32, 1, 2]) {
        let users = users(count, version);
        let (tenant, connection) = (tenant(), connection());
        let start = Instant::now();
        let transaction = database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        {
            let mut upsert = transaction.prepare(UPSERT)?;
            let mut buffer = Vec::new();
            for user in &users {
                upsert.execute(rusqlite::params![
                    tenant.as_str(),
                    connection.as_str(),
                    user.id,
                    hash(user, &mut buffer),
                    version,
                    version,
                    folded(user),
                    user.email.as_deref().map(str::to_lowercase),
                    user.status.map(UserStatus::as_str),
                    None::<&str>,
                    user.user_name,
                    user.email,
                    None::<&str>,
                    user.display_name,
                    user.given_name,
                    user.family_name,
                    user.external_id,
                    user.employee_number,
                    user.manager_id,
                    user.title,
                    user.department,
                    user.administrator,
                    user.mfa,
                    user.created_at.map(Timestamp::micros),
                    user.updated_at.map(Timestamp::micros),
                    user.last_seen_at.map(Timestamp::micros),
                    user.attributes,
                ])?;
            }
        }
        transaction.commit()?;
        *time = start.elapsed();
    }
    Ok(times)
}

async fn make_schema(path: &Path) -> Result<()> {
    SqliteStore::open(path).await?.close().await;
    Ok(())
}

/// Any upsert that leaves unchanged rows alone needs a hash: one of the same length, over the same fields.
fn hash(user: &User, buffer: &mut Vec<u8>) -> [u8; 16] {
    buffer.clear();
    let texts = [
        &user.user_name,
        &user.email,
        &user.display_name,
        &user.given_name,
        &user.family_name,
        &user.external_id,
        &user.employee_number,
        &user.manager_id,
        &user.title,
        &user.department,
        &user.attributes,
    ];
    for text in texts {
        buffer.extend_from_slice(text.as_deref().unwrap_or_default().as_bytes());
        buffer.push(0);
    }
    for time in [user.created_at, user.updated_at, user.last_seen_at] {
        buffer.extend_from_slice(&time.map_or(0, Timestamp::micros).to_le_bytes());
    }
    let mut hash = [0; 16];
    hash.copy_from_slice(blake3::hash(buffer).as_bytes().get(..16).unwrap_or(&[0; 16]));
    hash
}

fn folded(user: &User) -> String {
    let lines = [&user.display_name, &user.given_name, &user.family_name, &user.user_name, &user.email];
    let mut text = user.id.to_lowercase();
    for line in lines.into_iter().flatten() {
        text.push('\n');
        text.push_str(&line.to_lowercase());
    }
    text
}

/// Two whole sessions: all new, then all as before. The times of staging, applying and ending each.
async fn sync(count: usize) -> std::result::Result<[Duration; 6], Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open(&folder.path().join("store.db")).await?;
    let now = Timestamp::from_micros(1);
    let settings = Settings { values: Default::default(), base_url: "https://vendor.example".into(), hosts: vec![] };
    store.put_connection(&Connection::new(tenant(), connection(), "jumpcloud".parse()?, settings, now)).await?;
    let mut times = [Duration::ZERO; 6];
    for times in times.chunks_exact_mut(3) {
        let [stage, apply, end] = times else { continue };
        let digest = Digest::from_bytes([0; 32]);
        let new = NewSession { tenant: tenant(), connection: connection(), digest, credential: None, started_at: now };
        let session = store.begin_session(&new).await?;
        let mut users = users(count, 1).into_iter();
        let start = Instant::now();
        for number in 0_u32.. {
            let records = Records { users: users.by_ref().take(500).collect(), ..Records::default() };
            if records.is_empty() {
                break;
            }
            let page = StagedPage {
                feed: "users".into(),
                parent: None,
                number,
                order: (0, 0, number),
                cursor: Some(number.to_string()),
                records,
                repeats: Default::default(),
                carries: Default::default(),
                seen: vec![],
                asked_at: None,
            };
            store.stage_page(&tenant(), session, &page, &Counters::default()).await?;
        }
        *stage = start.elapsed();
        let start = Instant::now();
        store.apply(&tenant(), session, &Apply { proven: [Kind::User].into(), ..Apply::default() }).await?;
        *apply = start.elapsed();
        let start = Instant::now();
        let over = SessionEnd {
            state: SessionState::Complete,
            ended_at: now,
            counters: Counters::default(),
            scope: None,
            failure: None,
            notes: vec![],
            health: None,
        };
        store.end_session(&tenant(), session, &over).await?;
        *end = start.elapsed();
    }
    store.close().await;
    Ok(times)
}
