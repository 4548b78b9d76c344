//! `headcount holders`: who reaches a record, directly or through groups.

use headcount::store::Filter;
use headcount::{ConnectionId, Kind};

use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::records;
use crate::table::Grid;
use crate::words::counted;

/// Which record.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The connection
    pub connection: ConnectionId,
    /// The kind: group, role, application, license, asset
    #[arg(value_parser = kind)]
    pub kind: Kind,
    /// The vendor's id
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

/// Shows who reaches a record.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    tenant.connection(&args.connection).await?;
    let held =
        tenant.store().holders(tenant.id(), &args.connection, args.kind, &args.id).await.map_err(headcount::Error::from)?;
    if held.is_empty() {
        let filter =
            Filter { connection: Some(args.connection.clone()), text: Some(args.id.clone()), gone: true, ..Filter::default() };
        let known = tenant.store().list(tenant.id(), args.kind, &filter).await.map_err(headcount::Error::from)?;
        if !known.iter().any(|row| row.key == args.id) {
            return Err(Complaint::not_found(format!("{} has no {} {}", args.connection, args.kind, args.id))
                .next(format!("headcount {} --connection {}", records::plural(args.kind), args.connection))
                .into());
        }
    }
    if context.out.json {
        for holder in &held {
            context.out.value(&records::of(holder).into())?;
        }
        return Ok(Exit::Done);
    }
    let mut grid = Grid::new(["PERSON", "E-MAIL", "NAME", "THROUGH", "ACCOUNT"]);
    for holder in &held {
        let through = if holder.through.is_empty() { "(direct)".to_owned() } else { holder.through.join(" > ") };
        grid.row([
            holder.person.map(|person| person.to_string()).unwrap_or_default(),
            holder.email.clone().unwrap_or_default(),
            holder.name.clone().unwrap_or_default(),
            through,
            holder.user.clone(),
        ]);
    }
    context.out.grid(&mut grid)?;
    context.out.remark(format!("\n{}", counted(held.len() as u64, "account")));
    Ok(Exit::Done)
}
