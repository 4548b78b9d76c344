//! `headcount sessions show`: the story of one session, for a person who wasn't there.

use std::collections::BTreeMap;

use headcount::model::printable;
use headcount::store::{Decided, SessionError};
use headcount::{Session, Tenant};
use serde_json::{Value, json};

use crate::advice::Whose;
use crate::context::Context;
use crate::output::Out;
use crate::scope;
use crate::sessions;
use crate::standing;
use crate::story;
use crate::words::{counted, time};

/// Tells a session from its beginning to what to do now.
pub async fn run(session: &Session, tenant: &Tenant, context: &Context) -> anyhow::Result<()> {
    let out = context.out;
    let errors = tenant.session_errors(session.id).await?;
    let standstill = sessions::standstill(session, tenant).await?;
    let decisions = tenant.decisions(session.id).await?;
    if out.json {
        out.value(&value(session, standstill, &decisions, &errors))?;
        return Ok(());
    }
    beginning(session, standstill, &decisions, out)?;
    reading(session, &errors, out)?;
    changes(session, out)?;
    ending(session, &decisions, tenant, out).await
}

fn value(session: &Session, standstill: Option<&str>, decisions: &[Decided], errors: &[SessionError]) -> Value {
    let mut value = sessions::value_of(session, standstill, sessions::undone(decisions).is_some());
    let error = |error: &SessionError| {
        let mut value = json!(error);
        value["at"] = json!(time(error.at));
        value
    };
    value["errors"] = errors.iter().map(error).collect();
    value
}

/// When, by what, how often interrupted, and what its credential sees.
fn beginning(session: &Session, standstill: Option<&str>, decisions: &[Decided], out: Out) -> std::io::Result<()> {
    let state = session.state;
    let meaning = match standstill {
        Some(why) => format!("{why} since {}; the next sync goes on with it", time(session.touched_at)),
        None => story::meaning(state, &session.counters, session.scope.as_ref()),
    };
    match sessions::undone(decisions) {
        // What became of it since says more than how it ended.
        Some(undone) => {
            let (by, at) = (printable(&undone.person), time(undone.at));
            out.line(format!("session {} of {}: undone; before, {}", session.id, session.connection, state.as_str()))?;
            out.line(format!("  {by} brought back what it had removed, {at}; before that, {meaning}"))?;
        }
        None => {
            let stands = standstill.map(|why| format!("{why} while ")).unwrap_or_default();
            out.line(format!("session {} of {}: {stands}{}", session.id, session.connection, state.as_str()))?;
            out.line(format!("  {meaning}"))?;
        }
    }
    out.line(format!(
        "  begun {}, took {}, with {}",
        time(session.started_at),
        sessions::took(session, standstill),
        session.digest
    ))?;
    for line in story::so_far(session).into_iter().chain(story::basis(session)).chain(story::resumed(session)) {
        out.line(format!("  {line}"))?;
    }
    if let Some(asked) = session.cancel_asked_at {
        out.line(format!("  a person asked for its end at {}", time(asked)))?;
    }
    if let Some(seen) = &session.scope {
        out.line("\nwhat the credential sees")?;
        for line in scope::lines(seen) {
            out.line(format!("  {line}"))?;
        }
    }
    Ok(())
}

/// What was read, feed by feed, what was not, and what went wrong on the way.
fn reading(session: &Session, errors: &[SessionError], out: Out) -> std::io::Result<()> {
    let counters = &session.counters;
    if !counters.feeds.is_empty() {
        out.line("\nwhat was read")?;
        out.grid(&mut story::feeds(counters))?;
    }
    let none = BTreeMap::new();
    for (title, reasons, examples) in [
        ("why rows were skipped", &counters.skip_reasons, &counters.skip_examples),
        ("why records were rejected", &counters.reject_reasons, &none),
    ] {
        if !reasons.is_empty() {
            out.line(format!("\n{title}"))?;
            out.grid(&mut story::reasons(reasons, examples))?;
        }
    }
    if !errors.is_empty() {
        out.line("\nwhat went wrong, in order")?;
        out.grid(&mut story::errors(errors))?;
    }
    Ok(())
}

/// What became of the records.
fn changes(session: &Session, out: Out) -> std::io::Result<()> {
    if !session.counters.kinds.is_empty() {
        out.line("\nrecords")?;
        out.grid(&mut sessions::kinds(&session.counters))?;
    }
    if let Some(in_use) = story::use_of(&session.counters) {
        out.line(format!("  {in_use}"))?;
    }
    if let Some(kept) = story::kept(session) {
        out.line(format!("  {kept}"))?;
    }
    if let Some(mapped) = story::mapped(session) {
        out.line(format!("  {mapped}"))?;
    }
    Ok(())
}

/// What it used, what a person should know, and what to do now.
async fn ending(session: &Session, decisions: &[Decided], tenant: &Tenant, out: Out) -> anyhow::Result<()> {
    let (id, connection, state, counters) = (session.id, &session.connection, session.state, &session.counters);
    out.line(format!("\n{}", sessions::effort(counters)))?;
    if !counters.budgets.is_empty() {
        out.line("\nbudgets")?;
        out.grid(&mut sessions::budgets(counters))?;
    }
    if counters.denied > 0 {
        let denied = counted(counters.denied, "request");
        out.line(format!(
            "{denied} denied; to see them, and the policy that would allow them: headcount audit --session {id} --denied"
        ))?;
    }
    for decided in decisions {
        let why = if decided.reason.is_empty() { String::new() } else { format!(": {}", printable(&decided.reason)) };
        out.line(format!("\n{} {} by {}{why}", decided.verdict.as_str(), time(decided.at), printable(&decided.person)))?;
    }
    if !session.notes.is_empty() {
        out.line("\nnotes")?;
        for line in sessions::notes(&session.notes, usize::MAX) {
            out.line(line)?;
        }
    }
    if let Some(failure) = &session.failure {
        out.line(format!("\nwhy it failed\n  {failure}"))?;
    }
    // The connection may be gone while its session is looked at; its health then tells nothing.
    let now = tenant.connection(connection).await.ok();
    let health = now.as_ref().map(|connection| &connection.health);
    let told = health.map(standing::lines).unwrap_or_default();
    if !told.is_empty() {
        out.line(format!("\nthe connection now\n  {}", told.join("\n  ")))?;
    }
    let health = health.map(|health| health.state);
    let whose = Whose { id: connection, credential: now.as_ref().and_then(|connection| connection.credential.as_ref()) };
    if let Some(next) = sessions::advice(state, session.failure.as_ref(), health, whose) {
        out.line(format!("\nwhat to do\n  {next}"))?;
    }
    Ok(())
}
