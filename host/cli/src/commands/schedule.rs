//! `headcount schedule`: when connections run by themselves.

use headcount::model::Unit;
use headcount::store::{Connection, LifeState, Rhythm, Schedule};
use headcount::{ConnectionId, Tenant};
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::table::Grid;
use crate::words::{maybe_time, time};

/// What to do with schedules.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show when connections run: all of them, or one
    Show {
        /// Of one connection
        connection: Option<ConnectionId>,
    },
    /// Set when a connection runs
    Set {
        /// Of which connection
        connection: ConnectionId,
        #[command(flatten)]
        rhythm: RhythmArgs,
        /// The time zone that the pattern means
        #[arg(long, value_name = "ZONE", default_value = "UTC", requires = "cron")]
        zone: String,
    },
    /// Stop a connection's schedule; `headcount sync` still runs it
    Pause {
        /// Of which connection
        connection: ConnectionId,
    },
    /// Let a connection's schedule go on, from its next time
    Resume {
        /// Of which connection
        connection: ConnectionId,
    },
}

/// When a connection runs.
#[derive(clap::Args, Debug)]
#[group(required = true, multiple = true)]
pub struct RhythmArgs {
    /// Once a day, at a minute of its own: so it is unless something else is set
    #[arg(long, conflicts_with_all = ["every", "cron", "zone"])]
    pub daily: bool,
    /// At an interval: 6h, 30min; 5 minutes to 31 days
    #[arg(long, value_name = "TIME", value_parser = seconds, conflicts_with_all = ["cron", "zone"])]
    pub every: Option<u64>,
    /// At the times of a cron pattern: "30 6 * * 1-5"
    #[arg(long, value_name = "PATTERN")]
    pub cron: Option<String>,
}

fn seconds(text: &str) -> Result<u64, String> {
    let days = text.trim().strip_suffix('d').map(|days| days.trim().parse::<u64>());
    match days {
        Some(Ok(days)) => days.checked_mul(86_400).ok_or_else(|| "it is too large".to_owned()),
        _ => Unit::Millis.parse(text).map(|millis| millis / 1_000),
    }
}

impl RhythmArgs {
    fn rhythm(self, zone: String) -> Rhythm {
        match (self.every, self.cron) {
            (Some(seconds), _) => Rhythm::Every { seconds },
            (None, Some(pattern)) => Rhythm::Cron { pattern, zone },
            (None, None) => Rhythm::Daily,
        }
    }
}

/// Runs one of them.
///
/// # Errors
/// There is no such connection, or the rhythm can't be used.
pub async fn run(command: Command, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    match command {
        Command::Show { connection: None } => {
            let all = tenant.schedules().await?;
            if all.is_empty() {
                context.out.remark("there is nothing to run yet: headcount connection add CONNECTOR");
            }
            show(&all, context)?;
        }
        Command::Show { connection: Some(id) } => one(&tenant, &id, context).await?,
        Command::Set { connection, rhythm, zone } => {
            let set = tenant.set_schedule(&connection, &rhythm.rhythm(zone)).await;
            if let Err(headcount::Error::Rhythm(error)) = set {
                return Err(Complaint::usage(error.to_string()).into());
            }
            set?;
            one(&tenant, &connection, context).await?;
        }
        Command::Pause { connection } => {
            tenant.pause_schedule(&connection).await?;
            one(&tenant, &connection, context).await?;
        }
        Command::Resume { connection } => {
            tenant.resume_schedule(&connection).await?;
            one(&tenant, &connection, context).await?;
        }
    }
    Ok(Exit::Done)
}

async fn one(tenant: &Tenant, id: &ConnectionId, context: &Context) -> anyhow::Result<()> {
    let both = (tenant.connection(id).await?, tenant.schedule(id).await?);
    if both.0.life.state != LifeState::Active {
        let state = both.0.life.state;
        let only = "it runs by itself only while it is active";
        context.out.remark(match state {
            LifeState::Removed => format!("{id} is {state}: it does not run any more"),
            LifeState::Paused => format!("{id} is {state}: {only} (headcount connection resume {id})"),
            _ => format!("{id} is {state}: {only} (headcount connection launch {id})"),
        });
    }
    Ok(show(&[both], context)?)
}

fn show(all: &[(Connection, Schedule)], context: &Context) -> std::io::Result<()> {
    if context.out.json {
        return all.iter().try_for_each(|(connection, schedule)| context.out.value(&value(connection, schedule)));
    }
    let mut grid = Grid::new(["CONNECTION", "RUNS", "STATE", "NEXT", "LAST STARTED", "LAST ENDED"]);
    for (connection, schedule) in all {
        let state = state(connection, schedule);
        let next =
            if matches!(state, "waiting" | "asked for" | "to be caught up with") { time(schedule.due_at) } else { String::new() };
        grid.row([
            connection.id.to_string(),
            schedule.rhythm.to_string(),
            state.to_owned(),
            next,
            maybe_time(schedule.started_at),
            maybe_time(schedule.ended_at),
        ]);
    }
    context.out.grid(&mut grid)
}

fn state(connection: &Connection, schedule: &Schedule) -> &'static str {
    match connection.life.state {
        LifeState::Active if schedule.worker.is_some() => "running",
        LifeState::Active if schedule.requested_at.is_some() => "asked for",
        LifeState::Active if schedule.paused => "schedule paused",
        LifeState::Active if schedule.missed_at.is_some() => "to be caught up with",
        LifeState::Active => "waiting",
        other => other.as_str(),
    }
}

fn value(connection: &Connection, schedule: &Schedule) -> Value {
    json!({
        "event": "schedule",
        "connection": connection.id,
        "rhythm": schedule.rhythm,
        "state": state(connection, schedule),
        "paused": schedule.paused,
        "planned": time(schedule.planned_at),
        "due": time(schedule.due_at),
        "missed": schedule.missed_at.map(time),
        "started": schedule.started_at.map(time),
        "ended": schedule.ended_at.map(time),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_read_in_minutes_hours_and_days() {
        assert_eq!(["30min", "6 h", "7d"].map(seconds), [Ok(1_800), Ok(21_600), Ok(604_800)]);
        for wrong in ["", "d", "6", "-1h", "99999999999999999d"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
