//! How fast secrets are looked for in what vendors send: a body in pieces of 64 KiB, through the window that responses pass, on one
//! core. Rounds alternate; the medians are of the thread's own time, as this is a rate and no ratio.
//!
//! `cargo bench --bench scrub -- 200` measures 200 rounds.

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use headcount::sandbox::benching::Scrubbing;
use headcount_tests::measure::{in_turn, median, thread_time, verdict};
use headcount_tests::people;

/// The least, in bytes a second.
const JSON: f64 = 2e9;
const NEAR: f64 = 5e8;
const PIECE: usize = 64 * 1024;
const BODY: usize = 8 << 20;
const SECRETS: [&str; 3] =
    ["jca_5fQ2nVb8Rk3LxW7tYz0HdPm4Gs9Ce1Au6Ji", "4e9a61f07b3c4d2d9f58b2ac6d13e807", "tines-Zp7+Ka/9mQ=wE3rT5yU8iO1sD4fG6hJ2"];

fn main() -> Result<()> {
    let rounds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(40);
    let sides = [
        Side::new("JSON", 1, json, JSON)?,
        Side::new("JSON", 3, json, JSON)?,
        Side::new("near-matches", 1, near_matches, NEAR)?,
        Side::new("near-matches", 3, near_matches, NEAR)?,
        Side::new("first bytes", 1, first_bytes, NEAR)?,
        Side::new("first bytes", 3, first_bytes, NEAR)?,
    ];
    let times: [Vec<Duration>; 6] = in_turn(rounds, |side| {
        let side = sides.get(side).context("there are four sides")?;
        let start = thread_time();
        let mut received = 0;
        let hits = side.scrubbing.stream(side.body.iter().cloned(), |piece| received += black_box(piece).len());
        let took = thread_time() - start;
        ensure!(hits == 0 && received == BODY, "{hits} secrets in a body without any, {received} bytes");
        Ok(took)
    })?;
    println!("scrubbing {} MiB in pieces of 64 KiB, median of {rounds} rounds", BODY >> 20);
    println!("{:<16}{:>10}{:>8}{:>12}", "", "secrets", "GB/s", "at least");
    for (Side { name, secrets, least, .. }, times) in sides.iter().zip(&times) {
        let rate = BODY as f64 / median(times).as_secs_f64();
        println!("{name:<16}{secrets:>10}{:>8.2}{:>12.1}   {}", rate / 1e9, least / 1e9, verdict(rate >= *least));
    }
    Ok(())
}

/// One kind of body, and the secrets that are looked for in it.
struct Side {
    name: &'static str,
    secrets: usize,
    scrubbing: Scrubbing,
    body: Vec<Bytes>,
    /// The least, in bytes a second.
    least: f64,
}

impl Side {
    fn new(name: &'static str, secrets: usize, text: fn(&[&str]) -> Vec<u8>, least: f64) -> Result<Self> {
        let all = SECRETS.get(..secrets).context("so many secrets")?;
        let scrubbing = Scrubbing::new(all)?.context("the secrets are long enough")?;
        Ok(Side { name, secrets, scrubbing, body: body(&text(all)), least })
    }
}

/// As much of a text as a body takes, in pieces.
fn body(text: &[u8]) -> Vec<Bytes> {
    let all = Bytes::from_iter(text.iter().copied().cycle().take(BODY));
    (0..BODY / PIECE).map(|at| all.slice(at * PIECE..(at + 1) * PIECE)).collect()
}

/// What vendors send.
fn json(_: &[&str]) -> Vec<u8> {
    (1..=20).flat_map(|number| people::page(number, people::PAGE).into_bytes()).collect()
}

/// What a vendor sends that wants to keep a core busy: secrets, as they are and encoded, without their last byte.
fn near_matches(secrets: &[&str]) -> Vec<u8> {
    let spelled = secrets.iter().flat_map(|secret| spellings(secret));
    spelled.flat_map(|spelling| cut(&spelling, spelling.len() - 1)).collect()
}

/// The worst of it that was found: as many beginnings of secrets as will fit, each just long enough to be taken for one.
fn first_bytes(secrets: &[&str]) -> Vec<u8> {
    secrets.iter().flat_map(|secret| spellings(secret)).flat_map(|spelling| cut(&spelling, 4)).collect()
}

fn spellings(secret: &str) -> [String; 5] {
    let each = |one: fn(u8) -> String| secret.bytes().map(one).collect::<String>();
    [
        secret.to_owned(),
        each(|byte| format!("{byte:02x}")),
        each(|byte| format!("%{byte:02X}")),
        each(|byte| format!("\\u{byte:04x}")),
        each(|byte| format!("{}\0", char::from(byte))),
    ]
}

fn cut(spelling: &str, at: usize) -> Vec<u8> {
    [spelling.as_bytes().get(..at).unwrap_or_default(), b"#"].concat()
}
