//! `headcount changes`: what changed since a number, for people to read and for programs to follow.

use std::time::Duration;

use headcount::store::{Change, ChangeFilter, What};
use headcount::{ConnectionId, Tenant};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::exit::Exit;
use crate::interrupt;
use crate::output::{Column, Format, Sheet};
use crate::records;
use crate::words::time;

/// Changes asked of the store at once.
const PORTION: u32 = 1_000;

/// How often a follower asks.
const EVERY: Duration = Duration::from_secs(1);

const COLUMNS: [Column; 8] = [
    Column::both("number", "NUMBER"),
    Column::both("at", "AT"),
    Column::both("connection", "CONNECTION"),
    Column::both("what", "WHAT"),
    Column::both("kind", "KIND"),
    Column::both("id", "ID"),
    Column::both("name", "NAME"),
    Column::both("fields", "FIELDS"),
];

/// Which changes.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Those after this number: the last that was read, or an export's cursor; without it, the oldest that is kept
    #[arg(long, value_name = "NUMBER")]
    pub after: Option<u64>,
    /// Wait for more, until Ctrl-C
    #[arg(long)]
    pub follow: bool,
    /// At most so many
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
    /// Of one connection only
    #[arg(long, value_name = "ID")]
    pub connection: Option<ConnectionId>,
    /// Of this kind only: user, group, …, account (what a mapping made of a user), person, link, software, connection; may be repeated
    #[arg(long, value_name = "KIND")]
    pub kind: Vec<String>,
    /// created, updated, removed, returned, linked or unlinked; may be repeated
    #[arg(long, value_name = "WHAT", value_parser = what)]
    pub what: Vec<What>,
}

fn what(word: &str) -> Result<What, String> {
    let known = || What::ALL.map(What::as_str).join(", ");
    What::from_word(word).ok_or_else(|| format!("expected one of {}", known()))
}

/// Lists or follows changes.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let filter = ChangeFilter {
        connection: args.connection.clone(),
        session: None,
        kinds: args.kind.iter().cloned().collect(),
        what: args.what.iter().copied().collect(),
    };
    let stop = CancellationToken::new();
    if args.follow {
        interrupt::cancels(stop.clone());
    }
    let after = match args.after {
        Some(after) => after,
        None => tenant.store().change_bounds(tenant.id()).await.map_err(headcount::Error::from)?.1,
    };
    let format = if context.out.json { Format::Json } else { Format::Table };
    let mut sheet = Sheet::new(COLUMNS, format, context.out);
    let cursor = follow(&tenant, after, &filter, &args, &stop, &mut sheet).await?;
    context.out.remark(format!("\nto go on from here: headcount changes --after {cursor}"));
    Ok(Exit::Done)
}

/// Writes changes as they come; gives the number to go on from.
async fn follow(
    tenant: &Tenant,
    mut after: u64,
    filter: &ChangeFilter,
    args: &Args,
    stop: &CancellationToken,
    sheet: &mut Sheet,
) -> anyhow::Result<u64> {
    let mut left = args.limit.unwrap_or(u64::MAX);
    while left > 0 && !stop.is_cancelled() {
        let portion = u32::try_from(left).unwrap_or(PORTION).min(PORTION);
        let page = tenant.store().changes(tenant.id(), after, portion, filter).await.map_err(headcount::Error::from)?;
        let rows: Vec<Map<String, Value>> = page.changes.iter().map(object).collect();
        if !rows.is_empty() {
            sheet.rows(&rows)?;
        }
        left = left.saturating_sub(rows.len() as u64);
        after = page.cursor;
        if !page.end {
            continue;
        }
        if !args.follow {
            break;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
    Ok(after)
}

fn object(change: &Change) -> Map<String, Value> {
    let mut object = records::of(change);
    object.insert("at".to_owned(), json!(time(change.at)));
    object
}
