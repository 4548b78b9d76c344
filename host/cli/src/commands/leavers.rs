//! `headcount leavers`: who left according to the directory, but still has access elsewhere.

use std::cell::Cell;

use headcount::Tenant;
use headcount::model::printable;
use headcount::store::{Filter, Leaver};
use serde_json::{Value, json};

use super::list::{Listing, ShowArgs};
use super::people::{self, of_conflict};
use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::output::Column;
use crate::records;
use crate::removed::Removed;
use crate::words::{number, time};

const COLUMNS: [Column; 8] = [
    Column::both("id", "PERSON"),
    Column::both("email", "E-MAIL"),
    Column::both("name", "NAME"),
    Column::both("left-at", "LEFT"),
    Column::both("usable-in", "STILL USABLE IN"),
    Column::both("usable-accounts", "ACCOUNTS"),
    Column::both("doubts", "DECIDE FIRST"),
    Column::csv(IN_REMOVED),
];

/// Which leavers.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Name or e-mail contains this
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    #[command(flatten)]
    pub show: ShowArgs,
}

/// Lists leavers.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let Some(directory) = tenant.directory().await? else {
        return Err(Complaint::usage("no connection is the directory, and only it says who left")
            .next("headcount connection edit CONNECTION --directory")
            .into());
    };
    let lack = directory.lack();
    let what = if lack.is_some() { "leavers that it knows of" } else { "leavers" };
    let listing = Listing { show: &args.show, filter: Filter { text: args.text, ..Filter::default() }, what, context };
    let ask = async |tenant: &Tenant, filter: &Filter| tenant.store().leavers(tenant.id(), filter).await;
    // Of those that are shown: one more is asked for than that.
    let (doubtful, unknown) = (Cell::new(0_u64), Cell::new(0_u64));
    let (removed, table) = (Removed::of(&tenant).await?, !context.out.json && !args.show.csv);
    let shown = listing
        .run(
            &tenant,
            COLUMNS,
            ask,
            |leaver| people::place(&leaver.person),
            |leaver| {
                doubtful.set(doubtful.get() + u64::from(!leaver.doubts.is_empty()));
                let object = object(leaver, &removed, (context.out.json, table));
                unknown.set(unknown.get() + u64::from(object.contains_key(IN_REMOVED)));
                object
            },
        )
        .await?;
    if shown > 0 {
        context
            .out
            .remark(format!("\nleft according to {}; what one still reaches: headcount access PERSON", directory.connection.id));
    }
    if unknown.get() > 0 {
        let people = number(unknown.get());
        context.out.remark(format!(
            "{people} of them had access in a connection that was removed: whether they still have it, only its vendor knows"
        ));
    }
    if doubtful.get() > 0 {
        let people = number(doubtful.get());
        context
            .out
            .remark(format!("{people} of them may not have left: headcount people conflicts, before anything is taken away"));
    }
    let Some((why, next)) = lack else { return Ok(Exit::Done) };
    // Nobody must take a short list for all who left.
    let complaint = Complaint::of(Exit::Partial, format!("{why}: others may have left, too"));
    Err(complaint.next(next).into())
}

/// The field that names connections in which somebody had access when they were removed.
const IN_REMOVED: &str = "usable-in-removed";

fn object(leaver: &Leaver, removed: &Removed, (whole, table): (bool, bool)) -> serde_json::Map<String, Value> {
    let mut object = records::of_person(&leaver.person);
    let usable: Vec<_> = leaver.person.accounts.iter().filter(|account| account.is_usable()).collect();
    let mut connections: Vec<&str> = usable.iter().map(|account| account.connection.as_str()).collect();
    connections.dedup();
    let left = time(leaver.left_at);
    let left = if leaver.or_before && !whole { format!("{left} or before") } else { left };
    object.insert("left-at".to_owned(), json!(left));
    if whole {
        object.insert("or-before".to_owned(), json!(leaver.or_before));
    }
    let in_removed: Vec<&str> = connections.iter().copied().filter(|connection| removed.has(connection)).collect();
    if !in_removed.is_empty() {
        object.insert(IN_REMOVED.to_owned(), json!(in_removed));
    }
    if table {
        let marked = connections.iter().map(|connection| format!("{connection}{}", removed.mark(connection)));
        object.insert("usable-in".to_owned(), marked.collect());
    } else {
        object.insert("usable-in".to_owned(), json!(connections));
    }
    let ids: Vec<_> = usable.iter().map(|account| printable(&account.id)).collect();
    object.insert("usable-accounts".to_owned(), json!(ids));
    let doubts: Vec<Value> = if whole {
        leaver.doubts.iter().map(|doubt| Value::Object(of_conflict(doubt))).collect()
    } else {
        leaver
            .doubts
            .iter()
            .map(|doubt| json!(format!("{} {}: {}", doubt.connection, doubt.account, doubt.doubt.as_str())))
            .collect()
    };
    object.insert("doubts".to_owned(), json!(doubts));
    object
}
