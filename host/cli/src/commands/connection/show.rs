//! `headcount connection show`: one connection, explained to a person.

use headcount::model::printable;
use headcount::store::{Connection, HoldState, LifeState, Standing};
use headcount::{ConnectionId, Tenant};
use serde_json::json;

use super::people::shown;
use crate::context::Context;
use crate::exit::Exit;
use crate::output::text;
use crate::{scope, standing, story, words};

/// The most decisions that are told.
const MOST: u32 = 100;

/// Shows a connection.
pub async fn run(id: &ConnectionId, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let connection = tenant.connection(id).await?;
    let declined = declined(&tenant, id).await?;
    let directory = tenant.store().directory(tenant.id()).await.map_err(headcount::Error::from)?.as_ref() == Some(id);
    let out = context.out;
    if out.json {
        out.value(&json!({
            "id": connection.id,
            "name": connection.name,
            "connector": connection.connector,
            "directory": directory,
            "settings": connection.settings.values,
            "shared": connection.shared,
            "base-url": connection.settings.base_url,
            "credential": connection.credential,
            "owner": connection.owner,
            "contacts": connection.contacts,
            "life": standing::value(&connection.life),
            "health": standing::value(&connection.health),
            "declined": declined,
            "baseline": connection.baseline.as_ref().map(scope::value),
            "created-at": words::time(connection.created_at),
            "updated-at": words::time(connection.updated_at),
        }))?;
        return Ok(Exit::Done);
    }
    lines(&connection).into_iter().try_for_each(|line| out.line(line))?;
    if directory {
        out.line(format!("  {:<12} yes: it says who works here, and who left", "directory"))?;
    }
    declined.into_iter().try_for_each(|line| out.line(format!("  {:<12} {line}", "stays")))?;
    Ok(Exit::Done)
}

/// What stays though it was missing at the vendor when it was last looked for, and because of which decision.
async fn declined(tenant: &Tenant, id: &ConnectionId) -> anyhow::Result<Vec<String>> {
    let mut told = Vec::new();
    for hold in tenant.holds(Some(id), MOST).await? {
        if hold.state == HoldState::Held || hold.records.is_empty() {
            continue;
        }
        if let Some(decided) = tenant.decisions(hold.session).await?.last() {
            told.push(format!("{} until they are back at the vendor, {}", story::listed(&hold.records), decided.because()));
        }
    }
    Ok(told)
}

fn lines(connection: &Connection) -> Vec<String> {
    let mut lines = vec![format!("{}: {} through {}", connection.id, printable(&connection.name), connection.connector)];
    let mut say = |what: &str, text: &str| {
        if !text.is_empty() {
            lines.push(format!("  {what:<12} {}", printable(text)));
        }
    };
    say("vendor", &connection.settings.base_url);
    for (field, value) in &connection.settings.values {
        let from = connection.shared.get(field).map(|name| format!(" (from the shared value {name})")).unwrap_or_default();
        say("setting", &format!("{field} = {}{from}", text(value)));
    }
    say("credential", &connection.credential.as_ref().map_or_else(|| "its own".to_owned(), ToString::to_string));
    say("owner", &connection.owner);
    connection.contacts.iter().for_each(|contact| say("contact", &shown(contact)));
    let state = |state: &str, by: String, at| format!("{state}, by {by}, {}", words::time(at));
    let life = &connection.life;
    say("life", &state(life.state.as_str(), life.by.to_string(), life.at));
    further(life).iter().for_each(|(what, text)| say(what, text));
    if life.state != LifeState::Removed {
        let health = &connection.health;
        say("health", &state(health.state.as_str(), health.by.to_string(), health.at));
        further(health).iter().for_each(|(what, text)| say(what, text));
    }
    if let Some(baseline) = &connection.baseline {
        say("organisation", &baseline.organization);
    }
    lines
}

fn further<S>(standing: &Standing<S>) -> [(&'static str, String); 2] {
    [("  why", standing.why.clone()), ("  next", standing.next.clone())]
}
