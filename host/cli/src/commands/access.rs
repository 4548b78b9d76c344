//! `headcount access`: everything that a person reaches, and through what.

use std::collections::BTreeMap;

use headcount::Tenant;
use headcount::model::printable;
use headcount::store::{AccessPath, Filter, Person};
use serde_json::json;

use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::records;
use crate::table::Grid;
use crate::words::{counted, maybe_time};

/// Whose access.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The person's e-mail address
    pub email: String,
}

/// Shows a person's access.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let Some(person) = person(&tenant, &args.email).await? else {
        return Err(Complaint::not_found(format!("no account has the e-mail address {}", args.email))
            .next(format!("headcount people --text {}", args.email.split('@').next().unwrap_or_default()))
            .into());
    };
    let paths = tenant.store().access(tenant.id(), &person.email).await.map_err(headcount::Error::from)?;
    let out = context.out;
    if out.json {
        let mut whole = records::of_person(&person);
        let paths: Vec<_> = paths.iter().map(records::of).collect();
        whole.insert("access".to_owned(), json!(paths));
        out.value(&whole.into())?;
        return Ok(Exit::Done);
    }
    out.line(format!("{}  {}", printable(&person.email), printable(person.name.as_deref().unwrap_or_default())))?;
    let mut by_connection: BTreeMap<&str, Vec<&AccessPath>> = BTreeMap::new();
    for path in &paths {
        by_connection.entry(path.connection.as_str()).or_default().push(path);
    }
    for account in &person.accounts {
        let administrator = if account.administrator { ", administrator" } else { "" };
        let seen = account.last_seen_at.map(|time| format!(", last seen {}", crate::words::time(time))).unwrap_or_default();
        let (id, status) = (printable(&account.id), printable(&account.status));
        out.line(format!("\n{}: account {id}, {status}{administrator}{seen}", account.connection))?;
        let own = by_connection.get(account.connection.as_str()).map(Vec::as_slice).unwrap_or_default();
        let mut own: Vec<_> = own.iter().filter(|path| path.account == account.id).collect();
        own.sort_by_key(|path| (path.target.kind, path.through.len(), path.target_name.as_deref().unwrap_or(&path.target.id)));
        if own.is_empty() {
            out.line("  reaches nothing that the connector reports")?;
        }
        let mut grid = Grid::new(["KIND", "REACHES", "ROLE", "THROUGH", "SINCE", "ID"]).indented(2);
        for path in own {
            let through = if path.through.is_empty() { "(direct)".to_owned() } else { path.through.join(" > ") };
            grid.row([
                path.target.kind.to_string(),
                path.target_name.clone().unwrap_or_else(|| path.target.id.clone()),
                path.role.clone().unwrap_or_default(),
                through,
                maybe_time(path.assigned_at),
                path.target.id.clone(),
            ]);
        }
        out.grid(&mut grid)?;
    }
    let (things, apps) = (counted(paths.len() as u64, "thing"), counted(by_connection.len() as u64, "connection"));
    out.remark(format!("\n{things} in {apps}"));
    Ok(Exit::Done)
}

/// The person with exactly this address, in any letter case.
async fn person(tenant: &Tenant, email: &str) -> Result<Option<Person>, headcount::Error> {
    let email = email.trim().to_lowercase();
    let mut filter = Filter { text: Some(email.clone()), ..Filter::default() };
    loop {
        let people = tenant.store().people(tenant.id(), &filter, 1).await?;
        let last = people.last().map(|person| person.email.clone());
        let full = people.len() >= filter.limit as usize;
        if let Some(found) = people.into_iter().find(|person| person.email == email) {
            return Ok(Some(found));
        }
        match last {
            Some(last) if full && last < email => filter.after = Some((String::new(), last)),
            _ => return Ok(None),
        }
    }
}
