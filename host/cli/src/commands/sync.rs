//! `headcount sync`: reads connections from their vendors, several at once.

use std::collections::BTreeSet;

use headcount::model::printable;
use headcount::store::{Connection, Counters, LifeState};
use headcount::{ConnectionId, Report, SessionState, SyncOptions, Tenant, Timestamp};
use serde_json::json;
use tokio::task::JoinSet;

use crate::advice;
use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::interrupt;
use crate::progress::Board;
use crate::sessions;
use crate::story;
use crate::table::Grid;
use crate::words::{duration, number};

/// How many notes of a session stand under the table.
const NOTES: usize = 5;

/// What to sync.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The connections; all of them when none is named
    pub connections: Vec<ConnectionId>,
    /// Read and compare everything, but write nothing
    #[arg(long)]
    pub test: bool,
    /// Have the running server (`headcount serve`) do it at once, and don't wait; without one, do it here
    #[arg(long, conflicts_with = "test")]
    pub now: bool,
    /// Begin anew, instead of going on with a session that was interrupted
    #[arg(long)]
    pub anew: bool,
    /// So many connections at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub at_once: u32,
}

/// One connection after its sync.
pub struct Finished {
    /// As it stands now, with its health.
    pub connection: Connection,
    /// What its session did, or why there was none.
    pub result: Result<Report, headcount::Error>,
}

impl Finished {
    /// What it means for the program.
    pub fn exit(&self) -> Exit {
        match &self.result {
            Ok(report) => {
                sessions::exit(report.state, report.failure.as_ref(), &report.notes, Some(self.connection.health.state))
            }
            Err(error) => Exit::of_host(error),
        }
    }
}

/// Syncs connections.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let host = context.host().await?;
    let tenant = context.tenant_of(&host);
    let mut connections = Vec::new();
    for id in args.connections.iter().collect::<BTreeSet<_>>() {
        connections.push(tenant.connection(id).await?);
    }
    let mut left_out = 0;
    if args.connections.is_empty() {
        let all = tenant.connections().await?;
        // A tenant is known by its connections: one that was named, and has none, may be misspelt.
        if all.is_empty() && context.config.tenant_named {
            let complaint = Complaint::not_found(format!("the tenant {} has no connections", tenant.id()));
            return Err(complaint.next("headcount connection add CONNECTOR, or name another with --tenant").into());
        }
        let (running, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|connection| connection.life.state.runs());
        for other in others.iter().filter(|other| other.life.state != LifeState::Removed) {
            left_out += 1;
            context.out.remark(format!("{} is {} and left out: {}", other.id, other.life.state, printable(&other.life.next)));
        }
        connections = running;
    }
    if connections.is_empty() {
        context.out.remark(match left_out {
            0 => "there is nothing to sync yet: headcount connection add CONNECTOR",
            _ => "nothing was synced: no connection is active",
        });
        return Ok(Exit::Done);
    }
    if args.now && tenant.is_served().await? {
        return request(&tenant, &connections, context).await;
    }
    let mut options = SyncOptions::default();
    options.test = args.test;
    options.anew = args.anew;
    options.guard = context.config.guard.clone();
    options.deadline = context.config.serve.deadline(options.deadline);
    interrupt::cancels_or_pauses(options.cancel.clone(), options.pause.clone());
    // Where no server runs, nobody else does so.
    if !args.test
        && let Err(error) = host.look_after_holds(Timestamp::now()).await
    {
        tracing::warn!(%error, "removals that wait can't be looked after");
    }
    let wanted = connections.len();
    let finished = all(&tenant, connections, &options, args.at_once as usize, &Board::new(context.out)).await;
    tell(&finished, context)?;
    let lost = if finished.len() < wanted { Exit::Failed } else { Exit::Done };
    Ok(finished.iter().fold(lost, |worst, one| worst.worst(one.exit())))
}

/// Asks the server that runs the schedules for a run of each.
async fn request(tenant: &Tenant, connections: &[Connection], context: &Context) -> anyhow::Result<Exit> {
    let mut exit = Exit::Done;
    for connection in connections {
        let (id, asked) = (&connection.id, tenant.request_run(&connection.id).await);
        match (context.out.json, &asked) {
            (true, Ok(())) => context.out.value(&json!({ "event": "asked", "connection": id }))?,
            (true, Err(error)) => {
                context.out.value(&json!({ "event": "error", "connection": id, "error": error.to_string() }))?;
            }
            (false, Ok(())) => {
                context.out.line(format!("{id}: the server runs it now; see headcount sessions --connection {id}"))?
            }
            (false, Err(error)) => context.out.line(format!("{id}: {}", advice::explain_host(error)))?,
        }
        exit = exit.worst(asked.as_ref().map_or_else(Exit::of_host, |()| Exit::Done));
    }
    Ok(exit)
}

/// Syncs these connections, so many at once, in their order.
pub async fn all(
    tenant: &Tenant,
    connections: Vec<Connection>,
    options: &SyncOptions,
    at_once: usize,
    board: &Board,
) -> Vec<Finished> {
    let permits = std::sync::Arc::new(tokio::sync::Semaphore::new(at_once.max(1)));
    let mut tasks = JoinSet::new();
    for (place, connection) in connections.into_iter().enumerate() {
        let (tenant, permits, track) = (tenant.clone(), permits.clone(), board.follow(&connection.id));
        let mut options = options.clone();
        options.progress = Some(track.listener());
        tasks.spawn(async move {
            let _permit = permits.acquire().await;
            let result = tenant.sync(&connection.id, &options).await;
            track.finish(&match &result {
                Ok(report) => format!("{} in {}", report.state.as_str(), duration(report.took)),
                Err(error) => format!("failed: {}", printable(&error.to_string())),
            });
            let connection = tenant.connection(&connection.id).await.unwrap_or(connection);
            (place, Finished { connection, result })
        });
    }
    let mut finished = Vec::new();
    while let Some(joined) = tasks.join_next().await {
        match joined {
            Ok(one) => finished.push(one),
            Err(error) => tracing::error!("a sync ended without a result: {error}"),
        }
    }
    finished.sort_by_key(|(place, _)| *place);
    finished.into_iter().map(|(_, one)| one).collect()
}

fn tell(finished: &[Finished], context: &Context) -> std::io::Result<()> {
    let out = context.out;
    if out.json {
        return finished.iter().try_for_each(|one| {
            out.value(&match &one.result {
                Ok(report) => sessions::report_value(&one.connection, report),
                Err(error) => json!({ "event": "error", "connection": one.connection.id.as_str(), "error": error.to_string() }),
            })
        });
    }
    out.grid(&mut table(finished))?;
    troubles(finished, context)
}

/// What a person should know about those that did not simply go well, and what to do.
pub fn troubles(finished: &[Finished], context: &Context) -> std::io::Result<()> {
    let out = context.out;
    for one in finished {
        let id = one.connection.id.as_str();
        match &one.result {
            Ok(report) => {
                let health = one.connection.health.state;
                let remarkable = report.failure.is_some() || !report.notes.is_empty() || one.exit() != Exit::Done;
                if !remarkable {
                    continue;
                }
                out.line(format!("\n{id}: {}", story::meaning(report.state, &report.counters, report.scope.as_ref())))?;
                if let Some(failure) = &report.failure {
                    out.line(format!("  {failure}"))?;
                }
                for note in sessions::notes(&report.notes, NOTES) {
                    out.line(note)?;
                }
                if report.state == SessionState::Test && total_changes(&report.counters) > 0 {
                    out.line(format!("  next: headcount sessions diff {} shows what it would change, and hold", report.session))?;
                }
                if let Some(next) =
                    sessions::advice(report.state, report.failure.as_ref(), Some(health), (&one.connection).into())
                {
                    out.line(format!("  next: {next}"))?;
                }
                out.line(format!("  more: headcount sessions show {}", report.session))?;
            }
            Err(error) => out.line(format!("\n{id}: {}", advice::explain_host(error)))?,
        }
    }
    Ok(())
}

/// How many records a test run would have changed, or had wait for a person.
fn total_changes(counters: &Counters) -> u64 {
    let total = sessions::total(counters);
    total.created + total.updated + total.returned + total.removed + total.held
}

/// One line for each connection.
pub fn table(finished: &[Finished]) -> Grid {
    let back = sessions::any_back(finished.iter().filter_map(|one| one.result.as_ref().ok()).map(|report| &report.counters));
    let header = ["CONNECTION", "RESULT", "READ", "NEW", "CHANGED", "GONE"];
    let mut grid = Grid::new(header.into_iter().chain(back.then_some("BACK")).chain(["KEPT", "REQUESTS", "TIME"]));
    for one in finished {
        let id = one.connection.id.to_string();
        match &one.result {
            Ok(report) => {
                let total = sessions::total(&report.counters);
                let mut row = vec![id, report.state.as_str().to_owned()];
                row.extend([total.read, total.created, total.updated, total.removed].map(number));
                row.extend(back.then(|| number(total.returned)));
                row.extend([total.kept, report.counters.requests].map(number));
                row.push(duration(report.took));
                grid.row(row);
            }
            Err(_) => grid.row([id, "not run".to_owned()]),
        }
    }
    grid
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use headcount::Kind;
    use headcount::model::manifest::Settings;
    use headcount::store::KindCounters;

    use super::*;

    fn finished(returned: u64) -> Finished {
        let settings = Settings { values: Default::default(), base_url: String::new(), hosts: vec![] };
        let id: ConnectionId = "acme".parse().unwrap();
        let connection = Connection::new("t".parse().unwrap(), id, "acme".parse().unwrap(), settings, Timestamp::from_micros(1));
        let mut counters = Counters::default();
        counters.kinds.insert(Kind::User, KindCounters { read: 9, created: 2, returned, kept: 7, ..Default::default() });
        let session = headcount::SessionId(1);
        let (scope, failure, notes, took) = (None, None, vec![], Duration::ZERO);
        let report = Report { session, state: SessionState::Complete, counters, scope, failure, notes, took };
        Finished { connection, result: Ok(report) }
    }

    #[test]
    fn what_came_back_is_not_new_and_has_a_column_only_where_there_is_any() {
        let words = |finished: &[Finished]| {
            let table = table(finished).render();
            table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
        };
        let plain = ["CONNECTION RESULT READ NEW CHANGED GONE KEPT REQUESTS TIME", "acme complete 9 2 0 0 7 0 0.0 s"];
        assert_eq!(words(&[finished(0)]), plain);
        let back = words(&[finished(0), finished(5)]);
        assert_eq!(back[0], "CONNECTION RESULT READ NEW CHANGED GONE BACK KEPT REQUESTS TIME");
        assert_eq!(back[1..], ["acme complete 9 2 0 0 0 7 0 0.0 s", "acme complete 9 2 0 0 5 7 0 0.0 s"]);
    }
}
