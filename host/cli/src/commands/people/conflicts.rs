//! `headcount people conflicts` and `unlinked`: accounts that a person should look at.

use headcount::store::{Conflict, Doubt, Filter, PersonId, Unlinked, WhyUnlinked};
use headcount::{ConnectionId, Tenant};
use serde_json::{Map, Value, json};

use crate::commands::list::{Listing, Pages, ShowArgs};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::Column;
use crate::records;
use crate::words::number;

/// For programs, in the order of the store.
const CONFLICTS: [Column; 9] = [
    Column::both("connection", "CONNECTION"),
    Column::both("account", "ACCOUNT"),
    Column::both("name", "NAME"),
    Column::both("doubt", "WHAT"),
    Column::both("person", "PERSON").otherwise("(nobody)"),
    Column::both("explanation", "WHY"),
    Column::csv("key"),
    Column::csv("was"),
    Column::csv("candidates"),
];

const UNLINKED: [Column; 7] = [
    Column::both("connection", "CONNECTION"),
    Column::both("account", "ACCOUNT"),
    Column::both("name", "NAME"),
    Column::both("key", "KEY"),
    Column::both("status", "STATUS"),
    Column::both("explanation", "WHY"),
    Column::csv("because"),
];

/// Which conflicts.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Of one connection only
    #[arg(long, value_name = "ID")]
    pub connection: Option<ConnectionId>,
    #[command(flatten)]
    pub show: ShowArgs,
}

/// Which accounts.
#[derive(clap::Args, Debug)]
pub struct UnlinkedArgs {
    /// Of one connection only
    #[arg(long, value_name = "ID")]
    pub connection: Option<ConnectionId>,
    /// Id, name or e-mail contains this
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    #[command(flatten)]
    pub show: ShowArgs,
}

/// Conflicts that are looked at for a table: a table is read by key, and the store has them by connection.
const MOST_GROUPED: usize = 50_000;

/// Conflicts asked of the store at once.
const PORTION: u32 = 1_000;

const BY_KEY: [Column; 7] = [
    Column::both("of-key", "KEY"),
    Column::both("connection", "CONNECTION"),
    Column::both("account", "ACCOUNT"),
    Column::both("name", "NAME"),
    Column::both("doubt", "WHAT"),
    Column::both("person", "PERSON").otherwise("(nobody)"),
    Column::both("explanation", "WHY"),
];

/// Shows conflicts by their keys: what is one matter stands together.
async fn by_key(args: &Args, tenant: &Tenant, context: &Context) -> anyhow::Result<u64> {
    if let Some(id) = &args.connection {
        // An empty list must not stand for a misspelt name.
        tenant.connection(id).await?;
    }
    let mut filter = Filter { connection: args.connection.clone(), limit: PORTION, ..Filter::default() };
    let mut all: Vec<Conflict> = Vec::new();
    let whole = loop {
        let found = tenant.store().conflicts(tenant.id(), &filter).await.map_err(headcount::Error::from)?;
        let read = found.len();
        filter.after = found.last().map(|one| (one.connection.to_string(), one.account.clone()));
        all.extend(found);
        if read < PORTION as usize {
            break true;
        }
        if all.len() >= MOST_GROUPED {
            break false;
        }
    };
    // Within a key, as the store has them.
    all.sort_by(|one, other| one.key.cmp(&other.key));
    let is_first = |at: usize| at == 0 || all.get(at - 1).map(|one| &one.key) != all.get(at).map(|one| &one.key);
    let rows: Vec<(bool, &Conflict)> = all.iter().enumerate().map(|(at, one)| (is_first(at), one)).collect();
    let mut pages = Pages::new(&args.show, BY_KEY, context);
    let mut left = rows.as_slice();
    while let Some(limit) = pages.next_limit() {
        let (portion, rest) = left.split_at(left.len().min(limit as usize));
        left = rest;
        pages.write(portion, |(is_first, one)| {
            let mut row = of_conflict(one);
            let key = one.key.as_deref().unwrap_or("(none)");
            row.insert("of-key".to_owned(), if *is_first { json!(key) } else { Value::Null });
            row
        })?;
    }
    pages.end_for("conflicts", tenant).await?;
    if !whole {
        context.out.remark(format!("these are of the first {}; --csv lists all of them", number(all.len() as u64)));
    }
    Ok(all.len() as u64)
}

/// Lists conflicts.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let shown = if context.out.json || args.show.csv {
        let filter = Filter { connection: args.connection, ..Filter::default() };
        let listing = Listing { show: &args.show, filter, what: "conflicts", context };
        let ask = async |tenant: &Tenant, filter: &Filter| tenant.store().conflicts(tenant.id(), filter).await;
        let place = |one: &Conflict| (one.connection.to_string(), one.account.clone());
        listing.run(&tenant, CONFLICTS, ask, place, of_conflict).await?
    } else {
        by_key(&args, &tenant, context).await?
    };
    if shown > 0 {
        context.out.remark(
            "\nto decide: headcount people link CONNECTION ACCOUNT PERSON (or --new), people unlink CONNECTION ACCOUNT,\n\
             or, where nothing is wrong: headcount people confirm CONNECTION [ACCOUNT]",
        );
    }
    Ok(Exit::Done)
}

/// A conflict, with an explanation.
pub fn of_conflict(conflict: &Conflict) -> Map<String, Value> {
    let mut object = records::of(conflict);
    object.insert("since".to_owned(), json!(crate::words::time(conflict.since)));
    object.insert("explanation".to_owned(), json!(explain(conflict)));
    object
}

fn explain(conflict: &Conflict) -> String {
    let key = conflict.key.as_deref().unwrap_or("(none)");
    let was = conflict.was.as_deref().unwrap_or("(none)");
    let candidates = numbers(&conflict.candidates);
    match conflict.doubt {
        Doubt::Changed if conflict.candidates.is_empty() => format!("its key was {was} and is {key} now"),
        Doubt::Changed => format!("its key was {was} and is {key} now, which is that of {candidates}"),
        Doubt::Duplicate => format!("its key is {key}, and this person has another account in the same connection"),
        Doubt::Reused => {
            format!("{key} was the key of an account of {candidates} that has ended: the same person, or a newcomer?")
        }
        Doubt::Claimed => format!("{key} is what the key of an account of {candidates} has changed to"),
        Doubt::Ambiguous => format!("{key} is the key of {candidates}"),
        Doubt::Crowded => format!("so many accounts have the key {key} that it can't be one person's"),
        Doubt::Unconfirmed => format!("the directory has not said since whether {key} is still that of {candidates}"),
    }
}

fn numbers(people: &[PersonId]) -> String {
    match people {
        [] => "somebody".to_owned(),
        people => people.iter().map(PersonId::to_string).collect::<Vec<_>>().join(" and "),
    }
}

/// Lists accounts that are nobody's.
pub async fn unlinked(args: UnlinkedArgs, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let filter = Filter { connection: args.connection, text: args.text, ..Filter::default() };
    let listing = Listing { show: &args.show, filter, what: "accounts that are nobody's", context };
    let ask = async |tenant: &Tenant, filter: &Filter| tenant.store().unlinked(tenant.id(), filter).await;
    let place = |one: &Unlinked| (one.connection.to_string(), one.account.clone());
    listing.run(&tenant, UNLINKED, ask, place, of_unlinked).await?;
    Ok(Exit::Done)
}

/// An account that is nobody's, with an explanation.
pub fn of_unlinked(one: &Unlinked) -> Map<String, Value> {
    let mut object = records::of(one);
    object.remove("why");
    let (because, explanation) = match one.why {
        WhyUnlinked::NoKey => ("no-key", "it has no key: no e-mail address, and none that a mapping made".to_owned()),
        WhyUnlinked::Hand => {
            let who = one.decided_by.as_deref().unwrap_or("a person");
            let reason = one.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            ("hand", format!("{who} said so{reason}"))
        }
        WhyUnlinked::Waits(doubt @ Doubt::Unconfirmed) => {
            let waits =
                "it came after the directory was last synced, which knows whose its key is: the directory's next sync links it";
            (doubt.as_str(), waits.to_owned())
        }
        WhyUnlinked::Waits(doubt) => (doubt.as_str(), "it waits for a person to decide: headcount people conflicts".to_owned()),
        WhyUnlinked::New => ("new", "the next sync links it".to_owned()),
        WhyUnlinked::Gone => ("gone", "it went before it was anybody's".to_owned()),
    };
    object.insert("because".to_owned(), json!(because));
    object.insert("explanation".to_owned(), json!(explanation));
    object
}
