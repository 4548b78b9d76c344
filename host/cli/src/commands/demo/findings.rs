//! What the demonstration shows of the data: people across connections, administrators, licenses nobody needs.

use headcount::model::LicenseState;
use headcount::store::{Filter, LicenseFilter, Person};
use headcount::{Kind, Tenant, Timestamp};
use serde_json::json;

use crate::commands::list::days_before;
use crate::context::Context;
use crate::output::text;
use crate::records;
use crate::table::Grid;
use crate::words::{counted, number};

/// How many people and administrators the tables show.
const SHOWN: usize = 10;
/// How many are looked at to find those with the most accounts.
const LOOKED_AT: u32 = 1_000;
/// After how many days a license counts as unused.
const UNUSED_DAYS: u32 = 90;

/// Shows what was found. The invented company lives on a day of its own, `today`: what is unused is counted from there.
pub async fn tell(tenant: &Tenant, today: Timestamp, context: &Context) -> anyhow::Result<()> {
    people(tenant, context).await?;
    administrators(tenant, context).await?;
    licenses(tenant, today, context).await
}

/// The e-mail of somebody with accounts in as many connections as can be.
pub async fn well_connected(tenant: &Tenant) -> anyhow::Result<Option<String>> {
    Ok(most_connected(tenant).await?.into_iter().next().map(|person| person.email.unwrap_or(person.key)))
}

async fn most_connected(tenant: &Tenant) -> Result<Vec<Person>, headcount::Error> {
    let filter = Filter { limit: LOOKED_AT, ..Filter::default() };
    let mut people = tenant.store().people(tenant.id(), &filter, 2).await?;
    let administers = |person: &Person| person.accounts.iter().any(|account| account.administrator);
    people.sort_by_key(|person| std::cmp::Reverse((connections(person), administers(person))));
    Ok(people)
}

fn connections(person: &Person) -> usize {
    let mut ids: Vec<&str> = person.accounts.iter().map(|account| account.connection.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.len()
}

async fn people(tenant: &Tenant, context: &Context) -> anyhow::Result<()> {
    let out = context.out;
    let mut totals = Vec::new();
    for minimum in 1..=4u32 {
        totals.push((minimum, count_people(tenant, minimum).await?));
    }
    if out.json {
        for (minimum, people) in totals {
            out.value(&json!({ "event": "people", "in-at-least": minimum, "people": people }))?;
        }
        return Ok(());
    }
    out.line("\nPeople with access in several apps")?;
    let mut grid = Grid::new(["E-MAIL", "NAME", "APPS", "ACCOUNTS IN", "ADMIN"]).indented(2);
    for person in most_connected(tenant).await?.iter().take(SHOWN) {
        let object = records::of_person(person);
        let cell = |key: &str| object.get(key).map(text).unwrap_or_default();
        grid.row([cell("email"), cell("name"), connections(person).to_string(), cell("connections"), cell("administrator")]);
    }
    out.grid(&mut grid)?;
    let words: Vec<String> = totals.iter().map(|(minimum, people)| format!("{} in {minimum} or more", number(*people))).collect();
    out.line(format!("  in all: {}", words.join(", ")))?;
    Ok(())
}

async fn count_people(tenant: &Tenant, minimum: u32) -> Result<u64, headcount::Error> {
    let mut filter = Filter { limit: LOOKED_AT, ..Filter::default() };
    let mut count = 0;
    loop {
        let people = tenant.store().people(tenant.id(), &filter, minimum).await?;
        count += people.len() as u64;
        match people.last() {
            Some(last) if people.len() >= LOOKED_AT as usize => filter.after = Some((last.id.to_string(), last.key.clone())),
            _ => return Ok(count),
        }
    }
}

async fn administrators(tenant: &Tenant, context: &Context) -> anyhow::Result<()> {
    let filter = Filter { administrators: true, ..Filter::default() };
    let rows = tenant.store().list(tenant.id(), Kind::User, &filter).await.map_err(headcount::Error::from)?;
    let out = context.out;
    if out.json {
        out.value(&json!({ "event": "administrators", "accounts": rows.len() }))?;
        return Ok(());
    }
    out.line("\nAdministrators")?;
    let mut grid = Grid::new(["CONNECTION", "E-MAIL", "NAME", "STATUS", "LAST SEEN"]).indented(2);
    for row in spread(&rows) {
        let object = records::of_row(row);
        let cell = |key: &str| object.get(key).map(text).unwrap_or_default();
        let status = if object.contains_key("status") { cell("status") } else { "active".to_owned() };
        grid.row([cell("connection"), cell("email"), cell("display-name"), status, cell("last-seen-at")]);
    }
    out.grid(&mut grid)?;
    let more = if rows.len() >= filter.limit as usize { " or more" } else { "" };
    out.line(format!("  in all: {}{more}", counted(rows.len() as u64, "account")))?;
    Ok(())
}

/// A few of each connection, so that one with hundreds does not hide the others.
fn spread(rows: &[headcount::store::Row]) -> Vec<&headcount::store::Row> {
    let mut taken: Vec<&headcount::store::Row> = Vec::new();
    for row in rows {
        let same = taken.iter().filter(|other| other.connection == row.connection).count();
        if same < SHOWN.div_ceil(4) {
            taken.push(row);
        }
    }
    taken
}

async fn licenses(tenant: &Tenant, today: Timestamp, context: &Context) -> anyhow::Result<()> {
    let any = LicenseFilter::default;
    let questions = [
        ("all", any()),
        ("free", LicenseFilter { free: true, ..any() }),
        ("expired", LicenseFilter { state: Some(LicenseState::Expired), ..any() }),
        ("unused", LicenseFilter { unused_since: Some(days_before(today, UNUSED_DAYS)), ..any() }),
    ];
    let out = context.out;
    let mut counts = Vec::new();
    for (word, question) in questions {
        counts.push((word, count_licenses(tenant, question).await?));
    }
    if out.json {
        for (word, licenses) in counts {
            out.value(&json!({ "event": "licenses", "which": word, "licenses": licenses }))?;
        }
        return Ok(());
    }
    out.line("\nLicenses")?;
    let mut grid = Grid::new(["WHICH", "LICENSES"]).indented(2);
    for (word, licenses) in counts {
        let which = match word {
            "all" => "all".to_owned(),
            "free" => "free: may be given to somebody".to_owned(),
            "expired" => "expired subscription".to_owned(),
            _ => format!("held, but not used in the {UNUSED_DAYS} days before {}", crate::words::time(today)),
        };
        grid.row([which, number(licenses)]);
    }
    out.grid(&mut grid)?;
    Ok(())
}

async fn count_licenses(tenant: &Tenant, mut question: LicenseFilter) -> Result<u64, headcount::Error> {
    question.filter.limit = LOOKED_AT;
    let mut count = 0;
    loop {
        let rows = tenant.store().licenses(tenant.id(), &question).await?;
        count += rows.len() as u64;
        match rows.last() {
            Some(last) if rows.len() >= LOOKED_AT as usize => {
                question.filter.after = Some((last.connection.to_string(), last.key.clone()));
            }
            _ => return Ok(count),
        }
    }
}
