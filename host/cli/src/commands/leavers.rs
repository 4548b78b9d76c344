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
use crate::words::{number, time};

const COLUMNS: [Column; 7] = [
    Column::both("id", "PERSON"),
    Column::both("email", "E-MAIL"),
    Column::both("name", "NAME"),
    Column::both("left-at", "LEFT"),
    Column::both("usable-in", "STILL USABLE IN"),
    Column::both("usable-accounts", "ACCOUNTS"),
    Column::both("doubts", "DECIDE FIRST"),
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
    let directory = tenant.store().directory(tenant.id()).await.map_err(headcount::Error::from)?;
    let Some(directory) = directory else {
        return Err(Complaint::usage("no connection is the directory, and only it says who left")
            .next("headcount connection edit CONNECTION --directory")
            .into());
    };
    let listing = Listing { show: &args.show, filter: Filter { text: args.text, ..Filter::default() }, what: "leavers", context };
    let ask = async |tenant: &Tenant, filter: &Filter| tenant.store().leavers(tenant.id(), filter).await;
    // Of those that are shown: one more is asked for than that.
    let doubtful = Cell::new(0_u64);
    let shown = listing
        .run(
            &tenant,
            COLUMNS,
            ask,
            |leaver| people::place(&leaver.person),
            |leaver| {
                doubtful.set(doubtful.get() + u64::from(!leaver.doubts.is_empty()));
                object(leaver, context.out.json)
            },
        )
        .await?;
    if shown > 0 {
        context.out.remark(format!("\nleft according to {directory}; what one still reaches: headcount access PERSON"));
    }
    if doubtful.get() > 0 {
        let people = number(doubtful.get());
        context
            .out
            .remark(format!("{people} of them may not have left: headcount people conflicts, before anything is taken away"));
    }
    Ok(Exit::Done)
}

fn object(leaver: &Leaver, whole: bool) -> serde_json::Map<String, Value> {
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
    object.insert("usable-in".to_owned(), json!(connections));
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
