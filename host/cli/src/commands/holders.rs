//! `headcount holders`: who reaches a record, directly or through groups; by its id, or by its name.

use std::collections::BTreeSet;

use headcount::model::printable;
use headcount::store::{Filter, Held};
use headcount::{ConnectionId, Kind, Tenant};
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::records;
use crate::removed::Removed;
use crate::table::Grid;
use crate::words::{counted, number};

/// Which record.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The connection
    pub connection: ConnectionId,
    /// The kind: group, role, application, license, asset
    #[arg(value_parser = kind)]
    pub kind: Kind,
    /// The vendor's id, or else the name: of a license, its product's; all that are called so
    pub id: String,
}

fn kind(word: &str) -> Result<Kind, String> {
    // `apps` lists what is called an application in references.
    let word = if word == "app" { "application" } else { word };
    match word.parse::<Kind>() {
        Ok(Kind::Grant) => Err("a grant is not held by anybody: it is the holding".to_owned()),
        Ok(kind) => Ok(kind),
        Err(error) => Err(error.to_string()),
    }
}

/// The most records of one name whose holders are told.
const MOST_NAMED: usize = 20_000;

/// Records that are looked at at once for those of a name.
const PORTION: u32 = 1_000;

/// Shows who reaches a record, or every record of a name.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    tenant.connection(&args.connection).await?;
    let of = async |id: &str| tenant.store().holders(tenant.id(), &args.connection, args.kind, id).await;
    let mut ids = vec![args.id.clone()];
    let mut held = of(&args.id).await.map_err(headcount::Error::from)?;
    let known =
        tenant.store().record(tenant.id(), &args.connection, args.kind, &args.id).await.map_err(headcount::Error::from)?;
    if held.is_empty() && known.is_none() {
        ids = named(&args, &tenant).await?;
        if let [id] = ids.as_slice() {
            held = of(id).await.map_err(headcount::Error::from)?;
        }
    }
    let mut all: Vec<(&str, Held)> = Vec::new();
    match ids.as_slice() {
        [id] => all.extend(held.into_iter().map(|holder| (id.as_str(), holder))),
        ids => {
            for id in ids {
                let held = of(id).await.map_err(headcount::Error::from)?;
                all.extend(held.into_iter().map(|holder| (id.as_str(), holder)));
            }
        }
    }
    let removed = Removed::of(&tenant).await?;
    if context.out.json {
        for (id, holder) in &all {
            let mut holder = records::of(holder);
            removed.tell_of(args.connection.as_str(), &mut holder);
            holder.insert("of".to_owned(), json!(id));
            context.out.value(&holder.into())?;
        }
        return Ok(Exit::Done);
    }
    let kind = args.kind.to_string().to_uppercase();
    let mut header = vec!["PERSON", "E-MAIL", "NAME", "THROUGH", "ACCOUNT"];
    header.extend((ids.len() > 1).then_some(kind.as_str()));
    let mut grid = Grid::new(header);
    for (id, holder) in &all {
        let through = if holder.through.is_empty() { "(direct)".to_owned() } else { holder.through.join(" > ") };
        let mut cells = vec![
            holder.person.map(|person| person.to_string()).unwrap_or_default(),
            holder.email.clone().unwrap_or_default(),
            holder.name.clone().unwrap_or_default(),
            through,
            format!("{}{}", holder.user, removed.mark(args.connection.as_str())),
        ];
        cells.extend((ids.len() > 1).then(|| (*id).to_owned()));
        grid.row(cells);
    }
    context.out.grid(&mut grid)?;
    let accounts: BTreeSet<&str> = all.iter().map(|(_, holder)| holder.user.as_str()).collect();
    let of =
        if ids.len() > 1 { format!(" of {} called {}", many(args.kind, ids.len()), printable(&args.id)) } else { String::new() };
    context.out.remark(format!("\n{}{of}", counted(accounts.len() as u64, "account")));
    Ok(Exit::Done)
}

fn many(kind: Kind, count: usize) -> String {
    format!("{} {kind}s", number(count as u64))
}

/// The ids of the present records that are called so, in any letter case.
async fn named(args: &Args, tenant: &Tenant) -> anyhow::Result<Vec<String>> {
    let wanted = args.id.to_lowercase();
    let (connection, text) = (Some(args.connection.clone()), Some(args.id.clone()));
    let mut filter = Filter { connection, text, limit: PORTION, ..Filter::default() };
    let mut ids: Vec<String> = Vec::new();
    loop {
        let rows = tenant.store().list(tenant.id(), args.kind, &filter).await.map_err(headcount::Error::from)?;
        for row in &rows {
            let object = records::of_row(row);
            let name = object.get(if args.kind == Kind::License { "product-name" } else { "name" }).and_then(Value::as_str);
            if name.is_some_and(|name| name.to_lowercase() == wanted) {
                ids.push(row.key.clone());
            }
        }
        if ids.len() > MOST_NAMED {
            let problem =
                format!("more than {} in {} are called {}", many(args.kind, MOST_NAMED), args.connection, printable(&args.id));
            let list = format!("headcount {} --connection {}", records::plural(args.kind), args.connection);
            return Err(Complaint::usage(problem).next(format!("say which by id; {list}")).into());
        }
        let Some(last) = rows.last().filter(|_| rows.len() >= PORTION as usize) else { break };
        filter.after = Some((last.connection.to_string(), last.key.clone()));
    }
    if ids.is_empty() {
        let problem = format!("{} has no {} of the id or name {}", args.connection, args.kind, printable(&args.id));
        let list = format!("headcount {} --connection {}", records::plural(args.kind), args.connection);
        return Err(Complaint::not_found(problem).next(list).into());
    }
    Ok(ids)
}
