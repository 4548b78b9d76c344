//! `headcount access`: everything that a person reaches, and through what.

use std::collections::BTreeMap;

use headcount::Tenant;
use headcount::model::printable;
use headcount::store::{AccessPath, MOST_UNCLAIMED, Unlinked};
use serde::Serialize;
use serde_json::{Value, json};

use super::people;
use crate::context::Context;
use crate::exit::Exit;
use crate::records;
use crate::removed::Removed;
use crate::table::Grid;
use crate::words::{counted, time};

/// Whose access.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The person's e-mail address, number (p12) or sync key
    pub person: String,
}

/// Shows a person's access.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    if tenant.find_people(&args.person).await?.is_empty() {
        return of_nobody(&args.person, &tenant, context).await;
    }
    let person = people::one(&tenant, &args.person).await?;
    let (paths, unclaimed) = (tenant.access(person.id).await?, tenant.unclaimed(person.id).await?);
    let removed = Removed::of(&tenant).await?;
    let out = context.out;
    if out.json {
        let mut whole = records::of_person(&person);
        whole.insert("accounts".to_owned(), marked(&person.accounts, &removed));
        let paths = marked(&paths, &removed);
        whole.insert("access".to_owned(), json!(paths));
        if !unclaimed.is_empty() {
            whole.insert("unclaimed".to_owned(), json!(told(&unclaimed, &removed)));
        }
        out.value(&whole.into())?;
        return Ok(Exit::Done);
    }
    let email = person.email.as_deref().unwrap_or(&person.key);
    out.line(format!("{}  {}", printable(email), printable(person.name.as_deref().unwrap_or_default())))?;
    let mut by_connection: BTreeMap<&str, Vec<&AccessPath>> = BTreeMap::new();
    for path in paths.iter().filter(|path| !path.unlinked) {
        by_connection.entry(path.connection.as_str()).or_default().push(path);
    }
    for account in person.accounts.iter().filter(|account| account.gone_at.is_none()) {
        let administrator = if account.administrator { ", administrator" } else { "" };
        let seen = account.last_seen_at.map(|seen| format!(", last seen {}", time(seen))).unwrap_or_default();
        let (id, status) = (printable(&account.id), printable(&account.status));
        let mark = removed.mark(account.connection.as_str());
        out.line(format!("\n{}{mark}: account {id}, {status}{administrator}{seen}", account.connection))?;
        let own = by_connection.get(account.connection.as_str()).map(Vec::as_slice).unwrap_or_default();
        reaches(own.iter().copied().filter(|path| path.account == account.id), context)?;
    }
    let gone = person.accounts.iter().filter_map(|account| account.gone_at.map(|gone| (account, gone)));
    for (at, (account, gone)) in gone.enumerate() {
        let first = if at == 0 { "\n" } else { "" };
        let (id, at) = (printable(&account.id), time(gone));
        let what = if account.out_of_scope {
            format!("account {id} is out of scope since {at}: whether it still works, only the vendor knows")
        } else {
            format!("had account {id}, removed {at}")
        };
        let mark = removed.mark(account.connection.as_str());
        out.line(format!("{first}{}{mark}: {what}", account.connection))?;
    }
    for one in &unclaimed {
        let mark = removed.mark(one.connection.as_str());
        let (id, status) = (printable(&one.account), printable(&one.status));
        let object = people::of_unlinked(one);
        let why = printable(object.get("explanation").and_then(Value::as_str).unwrap_or_default());
        out.line(format!("\n{}{mark}: account {id}, {status}; nobody's, maybe theirs: {why}", one.connection))?;
        let of = |path: &&AccessPath| path.unlinked && path.connection == one.connection && path.account == one.account;
        reaches(paths.iter().filter(of), context)?;
    }
    let own = by_connection.values().map(Vec::len).sum::<usize>();
    let (things, apps) = (counted(own as u64, "thing"), counted(by_connection.len() as u64, "connection"));
    out.remark(format!("\n{things} in {apps}"));
    if !unclaimed.is_empty() {
        let (things, accounts) = (counted((paths.len() - own) as u64, "thing"), counted(unclaimed.len() as u64, "account"));
        out.remark(format!(
            "{things} more through {accounts} with a key of theirs, nobody's so far: decide whose before anything is taken away"
        ));
        if unclaimed.len() >= MOST_UNCLAIMED {
            out.remark("there may be more of these: headcount people unlinked");
        }
    }
    Ok(Exit::Done)
}

/// What an account reaches.
fn reaches<'a>(paths: impl Iterator<Item = &'a AccessPath>, context: &Context) -> anyhow::Result<()> {
    let mut own: Vec<_> = paths.collect();
    own.sort_by_key(|path| (path.target.kind, path.through.len(), path.target_name.as_deref().unwrap_or(&path.target.id)));
    if own.is_empty() {
        context.out.line("  reaches nothing that the connector reports")?;
    }
    let mut grid = Grid::new(["KIND", "REACHES", "ROLE", "THROUGH", "SINCE", "ID"]).indented(2);
    for path in own {
        let through = if path.through.is_empty() { "(direct)".to_owned() } else { path.through.join(" > ") };
        grid.row([
            path.target.kind.to_string(),
            path.target_name.clone().unwrap_or_else(|| path.target.id.clone()),
            path.role.clone().unwrap_or_default(),
            through,
            since(path),
            path.target.id.clone(),
        ]);
    }
    context.out.grid(&mut grid)?;
    Ok(())
}

/// Accounts that are nobody's, for programs.
fn told(unclaimed: &[Unlinked], removed: &Removed) -> Value {
    let object = |one: &Unlinked| {
        let mut object = people::of_unlinked(one);
        removed.tell(&mut object, false);
        Value::Object(object)
    };
    unclaimed.iter().map(object).collect()
}

/// Things of connections, each of which says if its connection was removed.
fn marked<T: Serialize>(things: &[T], removed: &Removed) -> Value {
    let object = |thing: &T| {
        let mut object = records::of(thing);
        removed.tell(&mut object, false);
        Value::Object(object)
    };
    things.iter().map(object).collect()
}

/// Since when, as the vendor says; else as far as the store knows.
fn since(path: &AccessPath) -> String {
    path.assigned_at.map_or_else(|| format!("{} or before", time(path.first_seen_at)), time)
}

/// Shows what accounts reach that have this address, but are nobody's.
async fn of_nobody(email: &str, tenant: &Tenant, context: &Context) -> anyhow::Result<Exit> {
    let paths = tenant.store().access(tenant.id(), email).await.map_err(headcount::Error::from)?;
    if paths.is_empty() {
        return Err(people::nobody(email).into());
    }
    let removed = Removed::of(tenant).await?;
    let out = context.out;
    if out.json {
        let paths = marked(&paths, &removed);
        out.value(&json!({ "email": email, "accounts": [], "access": paths }))?;
        return Ok(Exit::Done);
    }
    out.line(format!("{}  nobody's yet: headcount people unlinked tells why", printable(email)))?;
    let mut grid = Grid::new(["CONNECTION", "ACCOUNT", "KIND", "REACHES", "ROLE", "THROUGH", "SINCE"]).indented(2);
    for path in &paths {
        grid.row([
            format!("{}{}", path.connection, removed.mark(path.connection.as_str())),
            path.account.clone(),
            path.target.kind.to_string(),
            path.target_name.clone().unwrap_or_else(|| path.target.id.clone()),
            path.role.clone().unwrap_or_default(),
            path.through.join(" > "),
            since(path),
        ]);
    }
    out.grid(&mut grid)?;
    Ok(Exit::Done)
}
