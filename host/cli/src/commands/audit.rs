//! `headcount audit`: which requests connectors made, what the rules made of them, and the policy that would allow what was denied.

use std::collections::BTreeSet;

use headcount::model::{Decision, printable};
use headcount::store::{AuditFilter, AuditRow};
use headcount::{ConnectionId, SessionId, Timestamp};
use serde_json::{Map, Value};

use super::list::{Pages, ShowArgs};
use crate::context::Context;
use crate::exit::Exit;
use crate::output::Column;

/// How many lines of policy are told.
const LINES: usize = 50;

const COLUMNS: [Column; 20] = [
    Column::csv("number"),
    Column::both("at", "AT"),
    Column::both("connection", "CONNECTION"),
    Column::both("session", "SESSION"),
    Column::csv("connector"),
    Column::both("decision", "DECISION"),
    Column::both("method", "METHOD"),
    Column::both("host", "HOST"),
    Column::both("path", "PATH"),
    Column::csv("address"),
    Column::both("status", "STATUS"),
    Column::both("millis", "MS"),
    Column::csv("sent"),
    Column::both("received", "BYTES"),
    Column::csv("attempts"),
    Column::csv("scrubbed"),
    Column::csv("credentials"),
    Column::both("rule", "RULE"),
    Column::csv("refused"),
    Column::csv("allow"),
];

/// Which requests.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Of one connection only
    #[arg(long, value_name = "ID")]
    pub connection: Option<ConnectionId>,
    /// Of one session only
    #[arg(long, value_name = "N")]
    pub session: Option<SessionId>,
    /// Those that the rules denied, and those that were let out only to be counted
    #[arg(long)]
    pub denied: bool,
    /// To this host
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// Since a date or time, or for so long: 2026-05-01, 30min, 24h, 7d
    #[arg(long, value_name = "WHEN", value_parser = since)]
    pub since: Option<Timestamp>,
    #[command(flatten)]
    pub show: ShowArgs,
}

fn since(text: &str) -> Result<Timestamp, String> {
    before(text, Timestamp::now())
}

/// A time, or how long before `now`.
fn before(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (amount, unit) = text.split_at(digits);
    let seconds = match unit.trim() {
        "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return text.parse().map_err(|error: headcount::model::InvalidTimestamp| error.to_string()),
    };
    let amount: i64 = amount.parse().map_err(|_| format!("{text:?} is neither a time nor a number of min, h or d"))?;
    let micros = amount.saturating_mul(seconds).saturating_mul(1_000_000);
    Ok(Timestamp::from_micros(now.micros().saturating_sub(micros)))
}

/// Lists requests, the newest first.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let mut filter = AuditFilter {
        connection: args.connection,
        session: args.session,
        denied: args.denied,
        host: args.host,
        since: args.since,
        before: None,
        limit: 0,
    };
    let mut lines = BTreeSet::new();
    let mut pages = Pages::new(&args.show, COLUMNS, context);
    while let Some(limit) = pages.next_limit() {
        filter.limit = limit;
        let rows = tenant.audit(&filter).await?;
        filter.before = rows.last().map(|row| row.number);
        let denied = rows.iter().filter(|row| row.record.request.decision != Decision::Allowed);
        lines.extend(denied.flat_map(|row| row.record.request.allow.iter().cloned()));
        pages.write(&rows, object)?;
    }
    pages.end("requests");
    // Programs find them in each row.
    if !context.out.json && !args.show.csv {
        tell(&lines, context)?;
    }
    Ok(Exit::Done)
}

/// What a policy would have to name.
fn tell(lines: &BTreeSet<String>, context: &Context) -> std::io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    context.out.line("\npolicy that would allow what was denied")?;
    lines.iter().take(LINES).try_for_each(|line| context.out.line(format!("  {}", printable(line))))?;
    if lines.len() > LINES {
        context.out.line(format!("  and {} lines more: --json gives all", lines.len() - LINES))?;
    }
    Ok(())
}

/// A record as one flat object.
fn object(row: &AuditRow) -> Map<String, Value> {
    let Ok(Value::Object(mut object)) = serde_json::to_value(row) else { return Map::new() };
    if let Some(Value::Object(request)) = object.remove("request") {
        object.extend(request);
    }
    object.insert("at".to_owned(), row.record.at.to_string().into());
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_given_as_it_is_or_as_how_long_ago() {
        assert_eq!(since("2024-06-01").unwrap().to_string(), "2024-06-01T00:00:00Z");
        let now = since("2024-06-08").unwrap();
        for (text, then) in [("30min", "2024-06-07T23:30:00Z"), ("24h", "2024-06-07T00:00:00Z"), ("7d", "2024-06-01T00:00:00Z")] {
            assert_eq!(before(text, now).unwrap().to_string(), then);
        }
        for wrong in ["", "soon", "h", "-1h", "99999999999999999999d", "7 weeks"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_column_is_a_field_of_a_record() {
        let record = headcount::model::AuditRecord {
            at: Timestamp::from_micros(0),
            tenant: "acme".parse().unwrap(),
            connection: "tines".parse().unwrap(),
            session: Some(SessionId(3)),
            connector: None,
            request: headcount::model::RequestEvent {
                address: Some("127.0.0.1:1".parse().unwrap()),
                credentials: vec!["api-key".to_owned()],
                status: Some(200),
                refused: Some("no".to_owned()),
                allow: vec!["hosts = []".to_owned()],
                ..Default::default()
            },
        };
        let object = object(&AuditRow { number: 1, record });
        for column in COLUMNS {
            assert!(object.contains_key(column.key), "{}", column.key);
        }
        assert_eq!(object["at"], "1970-01-01T00:00:00Z");
    }
}
