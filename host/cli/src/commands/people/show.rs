//! `headcount people show`: one person, every account, and why it is theirs.

use headcount::model::printable;
use headcount::store::{Account, LinkedBy};

use crate::context::Context;
use crate::exit::Exit;
use crate::output::text;
use crate::records;
use crate::removed::Removed;
use crate::table::Grid;
use crate::words::{maybe_time, time};

/// Shows a person.
pub async fn run(who: &str, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let person = super::one(&tenant, who).await?;
    let out = context.out;
    let accounts = person.accounts.iter().map(|account| (account.connection.clone(), account.id.clone()));
    let mapped = tenant.mapped(accounts).await?;
    let fields = |account: &Account| mapped.get(&(account.connection.clone(), account.id.clone()));
    let (removed, unclaimed) = (Removed::of(&tenant).await?, tenant.unclaimed(person.id).await?);
    if out.json {
        let mut object = records::of_person(&person);
        let accounts = person.accounts.iter().map(|account| {
            let mut own = records::of(account);
            removed.tell(&mut own, false);
            match fields(account) {
                Some(mapped) => records::with_fields(own, mapped),
                None => own,
            }
        });
        object.insert("accounts".to_owned(), accounts.collect());
        let unclaimed = unclaimed.iter().map(|one| {
            let mut one = super::of_unlinked(one);
            removed.tell(&mut one, false);
            one
        });
        if unclaimed.len() > 0 {
            object.insert("unclaimed".to_owned(), unclaimed.collect());
        }
        out.value(&object.into())?;
        return Ok(Exit::Done);
    }
    let name = printable(person.name.as_deref().unwrap_or_default());
    let email = printable(person.email.as_deref().unwrap_or(&person.key));
    out.line(format!("{}  {email}  {name}", person.id))?;
    out.line(format!("  known by {} since {}", printable(&person.key), time(person.since)))?;
    for (name, value) in &person.fields {
        out.line(format!("  {}: {}", printable(name), printable(&text(value))))?;
    }
    let mut grid = Grid::new(["CONNECTION", "ACCOUNT", "STATUS", "ADMIN", "LAST SEEN", "THEIRS BECAUSE"]).indented(2);
    for account in &person.accounts {
        let ended = if account.out_of_scope { "out of scope since" } else { "gone since" };
        let status = account.gone_at.map_or_else(|| account.status.clone(), |gone| format!("{ended} {}", time(gone)));
        grid.row([
            format!("{}{}", account.connection, removed.mark(account.connection.as_str())),
            account.id.clone(),
            status,
            if account.administrator { "yes" } else { "" }.to_owned(),
            maybe_time(account.last_seen_at),
            because(account),
        ]);
    }
    out.line("")?;
    out.grid(&mut grid)?;
    let mut grid = Grid::new(["CONNECTION", "ACCOUNT", "STATUS", "NOBODY'S BECAUSE"]).indented(2);
    for one in &unclaimed {
        let object = super::of_unlinked(one);
        let connection = format!("{}{}", one.connection, removed.mark(one.connection.as_str()));
        let why = object.get("explanation").map(text).unwrap_or_default();
        grid.row([connection, one.account.clone(), one.status.clone(), why]);
    }
    if !unclaimed.is_empty() {
        out.line("\n  nobody's, but with a key or an address of theirs, so they may be theirs:")?;
        out.grid(&mut grid)?;
    }
    let mut grid = Grid::new(["CONNECTION", "ACCOUNT", "FIELD", "VALUE"]).indented(2);
    let mut any = false;
    for (account, mapped) in person.accounts.iter().filter_map(|account| Some((account, fields(account)?))) {
        for (name, value) in &mapped.fields {
            any = true;
            grid.row([account.connection.to_string(), account.id.clone(), name.clone(), text(value)]);
        }
    }
    if any {
        out.line("\n  what the mappings made of the accounts:")?;
        out.grid(&mut grid)?;
    }
    if person.accounts.iter().any(Account::has_changed) {
        out.remark("\na key has changed since: headcount people conflicts tells what to do");
    }
    out.remark(format!("\nwhat they reach: headcount access {}", person.id));
    Ok(Exit::Done)
}

/// Why an account is its person's, in words.
pub fn because(account: &Account) -> String {
    let link = &account.link;
    let since = time(link.since);
    let words = match (link.how, &link.key, &link.decided_by) {
        (LinkedBy::Key, Some(key), _) => format!("its key is {key}, since {since}"),
        (LinkedBy::Key, None, _) => format!("of its key, since {since}"),
        (LinkedBy::Hand, _, Some(who)) => format!("{who} said so, {since}"),
        (LinkedBy::Hand, _, None) => format!("a person said so, {since}"),
    };
    let reason = link.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let now = match &account.key {
        _ if !account.has_changed() => String::new(),
        Some(key) => format!(" (its key is {key} now)"),
        None => " (it has no key now)".to_owned(),
    };
    format!("{words}{reason}{now}")
}
