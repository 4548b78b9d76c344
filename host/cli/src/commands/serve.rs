//! `headcount serve`: runs connections when they are due, and sends notices, until it is told to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use headcount::model::printable;
use headcount::{CourierOptions, Happening, SessionId, SessionState, Timestamp, WorkerOptions};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::exit::Exit;
use crate::health::{self, Signs};
use crate::interrupt;
use crate::output::Out;
use crate::words::{counted, time};

/// Characters of a reason that stand in a line of the log.
const LONGEST_REASON: usize = 300;

/// How to serve.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// So many runs at once, of all tenants
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub at_once: Option<u16>,
    /// So many runs at once of one tenant
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub each_tenant: Option<u16>,
}

/// Serves until a signal comes.
///
/// # Errors
/// Another process serves the data folder, or the host or the mail server's settings can't be used.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let host = context.host().await?;
    let _serving = host.serve().await?;
    let out = context.out;
    let mut options = WorkerOptions::default();
    context.config.serve.set(&mut options);
    options.sync.guard = context.config.guard.clone();
    if let Some(number) = args.at_once {
        options.at_once = usize::from(number);
    }
    if let Some(number) = args.each_tenant {
        options.each_tenant = usize::from(number);
    }
    let (stop, left) = (CancellationToken::new(), Arc::new(AtomicU64::new(0)));
    let (stopping, leaving) = (stop.clone(), left.clone());
    options.listener = Some(Arc::new(move |happening| {
        if stopping.is_cancelled() && is_left(happening) {
            leaving.fetch_add(1, Ordering::Relaxed);
        }
        tell(out, happening);
    }));
    let mut sending = CourierOptions::default();
    sending.mail = context.mail().await?;
    context.config.serve.set_courier(&mut sending);
    let signs = Signs::default();
    options.pulse = Some(signs.worker.clone());
    sending.pulse = Some(signs.courier.clone());
    let courier = host.courier(sending)?;
    // Either way what is under way stops where it is.
    interrupt::pauses(stop.clone());
    let (at_once, each_tenant) = (options.at_once, options.each_tenant);
    let data = host.data().display().to_string();
    if out.json {
        out.value(&dated(json!({ "event": "serving", "data": data, "at-once": at_once, "each-tenant": each_tenant })))?;
    } else {
        let data = printable(&data);
        log(out, &format!("serving {data}: at most {at_once} runs at once, {each_tenant} of one tenant. Ctrl-C stops it."))?;
    }
    let health = health::keep(health::path(host.data()), signs, stop.clone());
    tokio::join!(host.worker(options).run(stop.clone()), courier.run(stop), health);
    host.flush_audit().await;
    if out.json {
        out.value(&dated(json!({ "event": "stopped", "left": left.load(Ordering::Relaxed) })))?;
    } else {
        log(out, &stopped(left.load(Ordering::Relaxed)))?;
    }
    Ok(Exit::Done)
}

/// Whether a run was given up where it was, for the next start to go on with.
fn is_left(happening: &Happening) -> bool {
    matches!(happening, Happening::Ended { result: Err(_), next: None, .. })
}

fn stopped(left: u64) -> String {
    match left {
        0 => "stopped: nothing was under way".to_owned(),
        1 => "stopped: the run that was under way goes on at the next start".to_owned(),
        _ => format!("stopped: the {} that were under way go on at the next start", counted(left, "run")),
    }
}

fn tell(out: Out, happening: &Happening) {
    // Whoever read the output may have gone: serving goes on.
    let _ = match (out.json, line(happening)) {
        (true, _) => out.value(&dated(value(happening))),
        (false, Some(line)) => log(out, &line),
        (false, None) => Ok(()),
    };
}

/// One line of the log: when, and what.
fn log(out: Out, line: &str) -> std::io::Result<()> {
    out.line(format!("{} {line}", time(Timestamp::now())))
}

fn dated(mut event: Value) -> Value {
    event["at"] = json!(time(Timestamp::now()));
    event
}

fn value(happening: &Happening) -> Value {
    match happening {
        Happening::Started { tenant, connection } => {
            json!({ "event": "started", "tenant": tenant, "connection": connection })
        }
        Happening::Ended { tenant, connection, result, session, why, next } => json!({
            "event": "ended",
            "tenant": tenant,
            "connection": connection,
            "state": result.as_ref().ok().map(|state| state.as_str()),
            "session": session,
            "why": why,
            "error": result.as_ref().err(),
            "next": next.map(time),
        }),
        Happening::Missed { tenant, connection, planned_at, caught_up_at } => json!({
            "event": "missed",
            "tenant": tenant,
            "connection": connection,
            "planned": time(*planned_at),
            "caught-up": time(*caught_up_at),
        }),
        _ => json!({ "event": "unknown" }),
    }
}

fn line(happening: &Happening) -> Option<String> {
    Some(match happening {
        Happening::Started { tenant, connection } => format!("{tenant}/{connection}: started"),
        Happening::Ended { tenant, connection, result, session, why, next } => {
            let how = match result {
                Ok(SessionState::Complete) => SessionState::Complete.as_str().to_owned(),
                Ok(state) => format!("{}, {}", state.as_str(), because(why.as_deref(), *session)),
                Err(why) => printable(why).into_owned(),
            };
            let next = next.map(|next| format!("; next {}", time(next))).unwrap_or_default();
            format!("{tenant}/{connection}: {how}{next}")
        }
        Happening::Missed { tenant, connection, planned_at, caught_up_at } => {
            format!("{tenant}/{connection}: did not start at {}, is caught up with at {}", time(*planned_at), time(*caught_up_at))
        }
        _ => return None,
    })
}

/// Why a run did not end complete, in a clause that a log's line can hold.
fn because(why: Option<&str>, session: Option<SessionId>) -> String {
    let more = session.map(|session| format!("headcount sessions show {session}")).unwrap_or_default();
    let Some(why) = why else { return format!("as `{more}` tells") };
    let why = printable(why);
    let cut: String = why.chars().take(LONGEST_REASON).collect();
    let rest = if cut.len() < why.len() { format!("… ({more})") } else { String::new() };
    format!("because {cut}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_under_way_is_told_only_where_something_was() {
        assert_eq!(stopped(0), "stopped: nothing was under way");
        assert_eq!(stopped(1), "stopped: the run that was under way goes on at the next start");
        assert_eq!(stopped(12), "stopped: the 12 runs that were under way go on at the next start");
    }

    #[test]
    fn a_reason_is_one_clause_on_one_line_and_says_where_the_rest_is() {
        assert_eq!(because(Some("teams: 403\r\nroot: ok"), Some(SessionId(7))), "because teams: 403\\u{d}\\u{a}root: ok");
        let long = because(Some(&"x".repeat(10_000)), Some(SessionId(7)));
        assert!(long.ends_with("… (headcount sessions show 7)") && long.chars().count() < 400, "{long}");
        assert_eq!(because(None, Some(SessionId(7))), "as `headcount sessions show 7` tells");
    }
}
