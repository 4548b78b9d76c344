//! Sessions told to people: results, exit codes, tables and what to do.

use std::time::Duration;

use headcount::model::{Metered, Unit, printable};
use headcount::store::{
    Basis, Connection, Counters, Decided, HealthState, KindCounters, LifeState, QueuedRun, Resumption, Session, Verdict,
};
use headcount::{Failure, Report, SessionState, Tenant, Timestamp};
use serde_json::{Value, json};

use crate::advice::{self, Whose};
use crate::exit::Exit;
use crate::records::plural;
use crate::standing;
use crate::table::Grid;
use crate::words::{bytes, counted, duration, number};

/// How sync marks what a test run would have left incomplete.
const INCOMPLETE: &str = "not read completely";

/// The exit code of a session, given the connection's health after it.
pub fn exit(state: SessionState, failure: Option<&Failure>, notes: &[String], health: Option<HealthState>) -> Exit {
    match state {
        SessionState::Cancelled => Exit::Cancelled,
        SessionState::Partial | SessionState::Held => Exit::Partial,
        SessionState::Test if notes.iter().any(|note| note.starts_with(INCOMPLETE)) => Exit::Partial,
        SessionState::Complete | SessionState::Test => match health {
            Some(HealthState::Held) if state == SessionState::Complete => Exit::Partial,
            _ => Exit::Done,
        },
        SessionState::Released | SessionState::Rejected | SessionState::Superseded | SessionState::Expired => Exit::Done,
        _ => match health {
            Some(HealthState::Reconnect) => Exit::Reconnect,
            _ => failure.map_or(Exit::Failed, Exit::of_failure),
        },
    }
}

/// What to do about a session, if anything.
pub fn advice(state: SessionState, failure: Option<&Failure>, health: Option<HealthState>, whose: Whose<'_>) -> Option<String> {
    let connection = whose.id;
    if let Some(failure) = failure {
        return Some(advice::for_failure(failure, Some(whose)));
    }
    match (state, health) {
        (SessionState::Partial, _) => Some(format!("sync again: headcount sync {connection}; the notes say what was not read")),
        (SessionState::Cancelled, _) => Some(format!("run it again: headcount sync {connection}")),
        (SessionState::Held, _) => {
            Some(format!("look at what waits, and decide: headcount sessions held --connection {connection}"))
        }
        (SessionState::Complete, Some(HealthState::Held)) => Some(format!(
            "if the credential is meant to see less than before, accept that: headcount connection edit {connection} --accept-scope"
        )),
        _ => None,
    }
}

/// Totals over all kinds.
pub fn total(counters: &Counters) -> KindCounters {
    counters.kinds.values().fold(KindCounters::default(), |sum, kind| KindCounters {
        read: sum.read + kind.read,
        created: sum.created + kind.created,
        updated: sum.updated + kind.updated,
        unchanged: sum.unchanged + kind.unchanged,
        removed: sum.removed + kind.removed,
        returned: sum.returned + kind.returned,
        deactivated: sum.deactivated + kind.deactivated,
        reactivated: sum.reactivated + kind.reactivated,
        kept: sum.kept + kind.kept,
        aside: sum.aside + kind.aside,
        held: sum.held + kind.held,
        left: sum.left + kind.left,
        declined: sum.declined + kind.declined,
        reread: sum.reread + kind.reread,
    })
}

/// Whether records came back in any of these: the tables have a column for that only then.
pub fn any_back<'a>(counters: impl IntoIterator<Item = &'a Counters>) -> bool {
    counters.into_iter().any(|counters| total(counters).returned > 0)
}

/// `1,000 users, 30 groups`: what is there now.
pub fn present_by_kind(counters: &Counters) -> String {
    let kinds = counters.kinds.iter().map(|(kind, counted)| (kind, present(counted))).filter(|(_, present)| *present > 0);
    kinds.map(|(kind, present)| format!("{} {}", number(present), plural(*kind))).collect::<Vec<_>>().join(", ")
}

/// Records of a kind that are there after a session: a license's holder who came three times is one user.
pub fn present(counted: &KindCounters) -> u64 {
    counted.created + counted.updated + counted.unchanged + counted.returned + counted.kept
}

/// A table of what happened, kind by kind.
pub fn kinds(counters: &Counters) -> Grid {
    let mut grid =
        Grid::new(["KIND", "READ", "NEW", "CHANGED", "UNCHANGED", "GONE", "BACK", "KEPT", "HELD", "LEFT OUT", "SET ASIDE"])
            .indented(2);
    for (kind, counted) in counters.kinds.iter().filter(|(_, counted)| **counted != KindCounters::default()) {
        let KindCounters { read, created, updated, unchanged, removed, returned, kept, held, left, aside, .. } = *counted;
        let numbers = [read, created, updated, unchanged, removed, returned, kept, held, left, aside].map(number);
        grid.row(std::iter::once(plural(*kind).to_owned()).chain(numbers));
    }
    grid
}

/// A table of how much of each budget was used.
pub fn budgets(counters: &Counters) -> Grid {
    let mut grid = Grid::new(["BUDGET", "USED", "LIMIT", "SHARE"]).indented(2);
    for (resource, Metered { used, limit }) in &counters.budgets {
        let show = |amount: u64| match resource.unit() {
            Unit::Bytes => bytes(amount),
            Unit::Millis => duration(Duration::from_millis(amount)),
            _ => number(amount),
        };
        let percent = u128::from(*used) * 100 / u128::from((*limit).max(1));
        let share = if *used > 0 && percent == 0 { "<1 %".to_owned() } else { format!("{percent} %") };
        grid.row([resource.to_string(), show(*used), show(*limit), share]);
    }
    grid
}

/// `14 requests (2 repeated), 1.2 MiB, 3 rows skipped, …`: the rest of the counters.
pub fn effort(counters: &Counters) -> String {
    let mut parts = vec![counted(counters.requests, "request")];
    for (value, what) in [
        (counters.retries, "of them repeated"),
        (counters.denied, "of them denied by the rules"),
        (counters.skipped, "rows skipped by the connector"),
        (counters.rejected, "records rejected by the host"),
        (counters.unreadable, "values unreadable"),
        (total(counters).reread, "records read a second time"),
    ] {
        if value > 0 {
            parts.push(format!("{} {what}", number(value)));
        }
    }
    for (filter, dropped) in &counters.dropped {
        parts.push(format!("{} dropped by the filter {}", number(*dropped), printable(filter)));
    }
    let failed: u64 = counters.mapped.failed.values().sum();
    if failed > 0 {
        parts.push(format!("{} fields not mapped", number(failed)));
    }
    if counters.waits > 0 {
        let waited = duration(Duration::from_millis(counters.waited_millis));
        parts.push(format!("{} of {waited} in all", counted(counters.waits, "wait")));
    }
    parts.push(bytes(counters.bytes));
    parts.push(format!("{} of processor time", duration(Duration::from_micros(counters.cpu_micros))));
    parts.join(", ")
}

/// The end of a sync as JSON.
pub fn report_value(connection: &Connection, report: &Report) -> Value {
    json!({
        "event": "end",
        "connection": connection.id.as_str(),
        "session": report.session.to_string(),
        "state": report.state.as_str(),
        "counters": report.counters,
        "scope": report.scope.as_ref().map(crate::scope::value),
        "failure": report.failure,
        "notes": report.notes,
        "health": standing::value(&connection.health),
        "millis": u64::try_from(report.took.as_millis()).unwrap_or(u64::MAX),
    })
}

/// How far a session is, as JSON, in the words of the events that a sync prints; null where it is over.
fn progress(session: &Session) -> Value {
    if session.state.is_over() {
        return Value::Null;
    }
    let counters = &session.counters;
    json!({
        "rows": counters.rows,
        "expected": counters.expected,
        "requests": counters.requests,
        "remaining-millis": counters.remaining_millis,
        "as-of": crate::words::time(session.touched_at),
    })
}

/// Under what a session runs, as JSON.
fn basis(basis: &Basis) -> Value {
    let mut value = json!(basis);
    let credentials = basis.credentials.iter();
    value["credentials"] =
        credentials.map(|one| json!({ "field": one.field, "entered-at": crate::words::time(one.entered_at) })).collect();
    value
}

/// One time that a session went on, as JSON.
fn resumption(one: &Resumption) -> Value {
    let mut value = json!(one);
    value["stopped-at"] = json!(crate::words::time(one.stopped_at));
    value["resumed-at"] = json!(crate::words::time(one.resumed_at));
    value
}

/// A session as JSON.
pub fn value(session: &Session) -> Value {
    // Of one that was interrupted and given up, the last word is no estimate any more.
    let counters = Counters { remaining_millis: None, ..session.counters.clone() };
    json!({
        "id": session.id.to_string(),
        "connection": session.connection.as_str(),
        "digest": session.digest,
        "credential": session.credential,
        "state": session.state.as_str(),
        "started-at": crate::words::time(session.started_at),
        "ended-at": session.ended_at.map(crate::words::time),
        "counters": counters,
        "progress": progress(session),
        "scope": session.scope.as_ref().map(crate::scope::value),
        "failure": session.failure,
        "notes": session.notes,
        "basis": session.basis.as_ref().map(basis),
        "resumed": session.resumed.iter().map(resumption).collect::<Vec<_>>(),
        "cancel-asked-at": session.cancel_asked_at.map(crate::words::time),
        "action": session.action,
    })
}

/// A run that waits for a place, as JSON: like a session that has no number yet.
pub fn queued_value(run: &QueuedRun) -> Value {
    json!({
        "id": null,
        "connection": run.connection,
        "state": "queued",
        "queued-at": crate::words::time(run.since),
        "waited-seconds": waiting(run).as_secs(),
        "requested": run.requested,
        "worker": run.worker,
    })
}

/// How long a run has waited for a place.
pub fn waited(run: &QueuedRun) -> String {
    format!("waits {}", duration(waiting(run)))
}

fn waiting(run: &QueuedRun) -> Duration {
    let micros = Timestamp::now().micros().saturating_sub(run.since.micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// Why an open session stands still: `interrupted` or `paused`. None where somebody works on it, or where it is over.
pub async fn standstill(session: &Session, tenant: &Tenant) -> Result<Option<&'static str>, headcount::Error> {
    if session.state.is_over() || tenant.is_synced(&session.connection).await? {
        return Ok(None);
    }
    // It may have ended since it was read.
    if tenant.session(session.id).await?.is_none_or(|now| now.state.is_over()) {
        return Ok(None);
    }
    let paused = tenant.connection(&session.connection).await?.life.state == LifeState::Paused;
    Ok(Some(if paused { "paused" } else { "interrupted" }))
}

/// Who brought back what a session removed, where that was decided last.
pub fn undone(decisions: &[Decided]) -> Option<&Decided> {
    decisions.last().filter(|last| last.verdict == Verdict::Undone)
}

/// A session as JSON, with since when it stands still, and whether it was undone.
pub fn value_of(session: &Session, standstill: Option<&str>, undone: bool) -> Value {
    let mut value = value(session);
    value["undone"] = json!(undone);
    value["standstill"] = json!(standstill.map(|why| json!({ "why": why, "since": crate::words::time(session.touched_at) })));
    value
}

/// How long a session took, or has taken; the time that it stands still does not count.
pub fn took(session: &Session, standstill: Option<&str>) -> String {
    let last = if standstill.is_some() { session.touched_at } else { Timestamp::now() };
    let end = session.ended_at.unwrap_or(last);
    let micros = end.micros().saturating_sub(session.started_at.micros());
    duration(Duration::from_micros(u64::try_from(micros).unwrap_or(0)))
}

/// Notes as indented lines, at most `most`.
pub fn notes(notes: &[String], most: usize) -> Vec<String> {
    let mut lines: Vec<String> = notes.iter().take(most).map(|note| format!("  - {}", printable(note))).collect();
    if notes.len() > most {
        lines.push(format!("  - and {} more", notes.len() - most));
    }
    lines
}

#[cfg(test)]
mod tests {
    use headcount::FailureCode;
    use headcount::model::Resource;

    use super::*;

    #[test]
    fn exit_codes_follow_the_session_and_the_connections_health() {
        let slow = Failure::new(FailureCode::Unavailable, "down");
        assert_eq!(exit(SessionState::Complete, None, &[], Some(HealthState::Ok)), Exit::Done);
        assert_eq!(exit(SessionState::Complete, None, &[], Some(HealthState::Held)), Exit::Partial);
        assert_eq!(exit(SessionState::Partial, None, &[], None), Exit::Partial);
        assert_eq!(exit(SessionState::Failed, Some(&slow), &[], Some(HealthState::Ok)), Exit::Failed);
        assert_eq!(exit(SessionState::Failed, None, &[], Some(HealthState::Reconnect)), Exit::Reconnect);
        assert_eq!(exit(SessionState::Cancelled, None, &[], None), Exit::Cancelled);
    }

    #[test]
    fn what_was_used_stands_beside_what_was_allowed() {
        let mut counters = Counters::default();
        let mut put = |resource, used, limit| counters.budgets.insert(resource, Metered { used, limit });
        put(Resource::Memory, 64 << 20, 256 << 20);
        put(Resource::Cpu, 1, 3_600_000);
        put(Resource::Requests, 0, 0);
        let table = budgets(&counters).render();
        let cells =
            |line: &str| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let rows: Vec<_> = table.lines().skip(1).map(cells).collect();
        assert_eq!(rows[0], ["memory", "64.0 MiB", "256.0 MiB", "25 %"]);
        assert_eq!(rows[1], ["processor time", "0.0 s", "1 h 0 min", "<1 %"]);
        assert_eq!(rows[2], ["requests", "0", "0", "0 %"]);
    }

    #[test]
    fn a_test_run_that_read_too_little_says_so_by_its_code() {
        let notes = ["not read completely: users: the list moved".to_owned()];
        assert_eq!(exit(SessionState::Test, None, &notes, None), Exit::Partial);
        assert_eq!(exit(SessionState::Test, None, &[], Some(HealthState::Held)), Exit::Done);
    }
}
