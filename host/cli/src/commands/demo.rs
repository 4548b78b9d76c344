//! `headcount demo`: everything in one go. Four invented vendors on this machine, four connectors, four connections, one sync.

mod events;
mod findings;
mod folder;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use headcount::model::Secret;
use headcount::{ConnectionId, Draft, Headcount, SyncOptions, Tenant, Timestamp};
use headcount_vendors::{Company, Options, Servers, Vendor};
use serde_json::json;

use crate::commands::sync::{self, Finished};
use crate::compiler::compiler;
use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::interrupt;
use crate::progress::Board;
use crate::sessions;
use crate::table::Grid;
use crate::words::{counted, duration, number};

/// How to show it.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// How many people the invented company has
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub people: u32,
    /// Another seed is another company
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub seed: u64,
    /// Keep the vendors running afterwards, to try more commands against them from another terminal
    #[arg(long)]
    pub keep: bool,
    /// Where the packed connectors are
    #[arg(long, value_name = "DIR")]
    pub components: Option<PathBuf>,
}

/// Shows everything.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let begun = Instant::now();
    let out = context.out;
    let components = folder::components(args.components.as_deref()).await?;
    let data = folder::fresh(context.config.named_data.as_deref()).await?;
    let servers = Servers::start(Company::new(args.seed, args.people), Options::default()).await?;
    out.remark(format!(
        "An invented company of {} people, with accounts at four vendors on this machine:",
        number(args.people.into())
    ));
    for vendor in Vendor::ALL {
        out.remark(format!("  https://{} at {}", servers.host(vendor), servers.addr(vendor)));
    }
    let settings = folder::write_settings(&data, &context.config.tenant, &servers).await?;
    let host = open(&data, &servers, context).await?;
    let tenant = host.tenant(context.config.tenant.clone());
    let connections = connect(&host, &tenant, &servers, &components).await?;

    out.remark(format!("\nReading all four at once, each through its connector's sandbox ({}):", data.display()));
    let options = SyncOptions::default();
    interrupt::cancels(options.cancel.clone());
    let reading = Instant::now();
    let finished = sync::all(&tenant, connections, &options, Vendor::ALL.len(), &Board::new(out)).await;
    let read_in = reading.elapsed();

    tell(&finished, read_in, context)?;
    let lost = if finished.len() < Vendor::ALL.len() { Exit::Failed } else { Exit::Done };
    let mut exit = finished.iter().fold(lost, |worst, one| worst.worst(one.exit()));
    if exit == Exit::Done {
        let today = Timestamp::from_micros(servers.company().now().0);
        findings::tell(&tenant, today, context).await?;
        if !out.json {
            out.line(format!("\nThe whole demonstration took {}.", duration(begun.elapsed())))?;
            explore(&data, &settings, &tenant, args.keep, context).await?;
        }
    }
    if args.keep && exit != Exit::Cancelled {
        out.remark("\nThe vendors keep running until Ctrl-C.");
        // The first Ctrl-C, which `cancels` listens for, ends the keeping; that is how it is meant to end.
        events::take(&servers, &options.cancel, out).await;
    } else if options.cancel.is_cancelled() {
        exit = Exit::Cancelled;
    }
    Ok(exit)
}

async fn open(data: &std::path::Path, servers: &Servers, context: &Context) -> anyhow::Result<Headcount> {
    let mut egress = context.egress().await?;
    for vendor in Vendor::ALL {
        for host in vendor.hosts() {
            egress.resolve.insert((*host).to_owned(), servers.addr(vendor));
        }
    }
    egress.extra_ca_pem.push(servers.ca_pem().to_owned());
    Ok(Headcount::builder(data).egress(egress).compiler(compiler()?).open().await?)
}

/// Accepts the connectors and makes a connection through each.
async fn connect(
    host: &Headcount,
    tenant: &Tenant,
    servers: &Servers,
    components: &folder::Components,
) -> anyhow::Result<Vec<headcount::Connection>> {
    let mut connections = Vec::new();
    for vendor in Vendor::ALL {
        let installed = host.install(components.read(vendor).await?).await?;
        let id: ConnectionId = installed.id.as_str().parse()?;
        let mut draft = Draft::new(id, installed.id.clone());
        for (field, value) in servers.settings(vendor) {
            draft = draft.setting(field, value);
        }
        let secret = installed.manifest.secret_fields().next().map(|field| field.name.clone());
        let secret = secret.ok_or_else(|| Complaint::failed(format!("the connector {} asks for no secret", installed.id)))?;
        let connection = tenant.connect(draft.secret(secret, Secret::new(servers.secret(vendor)))).await?;
        tenant.launch(&connection.id).await?;
        connections.push(tenant.connection(&connection.id).await?);
    }
    Ok(connections)
}

/// What each connection's sync brought.
fn tell(finished: &[Finished], read_in: Duration, context: &Context) -> std::io::Result<()> {
    let out = context.out;
    if out.json {
        return finished.iter().try_for_each(|one| match &one.result {
            Ok(report) => out.value(&sessions::report_value(&one.connection, report)),
            Err(error) => out.value(&json!({ "event": "error", "connection": one.connection.id, "error": error.to_string() })),
        });
    }
    let mut grid = Grid::new(["CONNECTION", "RESULT", "RECORDS", "REQUESTS", "TIME", "IN THE STORE"]);
    for one in finished {
        let id = one.connection.id.to_string();
        match &one.result {
            Ok(report) => grid.row([
                id,
                report.state.as_str().to_owned(),
                number(report.counters.kinds.values().map(sessions::present).sum()),
                number(report.counters.requests),
                duration(report.took),
                sessions::present_by_kind(&report.counters),
            ]),
            Err(_) => grid.row([id, "not run".to_owned()]),
        }
    }
    out.line("")?;
    out.grid(&mut grid)?;
    let reports = finished.iter().filter_map(|one| one.result.as_ref().ok());
    let (records, requests) = reports.fold((0, 0), |(records, requests), report| {
        (records + report.counters.kinds.values().map(sessions::present).sum::<u64>(), requests + report.counters.requests)
    });
    out.line(format!("\n{} and {} in {}", counted(records, "record"), counted(requests, "request"), duration(read_in)))?;
    sync::troubles(finished, context)
}

/// Commands to go on with, as they can be typed.
async fn explore(
    data: &std::path::Path,
    settings: &std::path::Path,
    tenant: &Tenant,
    keep: bool,
    context: &Context,
) -> anyhow::Result<()> {
    let out = context.out;
    let program = std::env::args().next().unwrap_or_else(|| "headcount".to_owned());
    let mut base = format!("{program} --data {}", data.display());
    if tenant.id().as_str() != "default" {
        base.push_str(&format!(" --tenant {}", tenant.id()));
    }
    out.line("\nTo look further:")?;
    if let Some(email) = findings::well_connected(tenant).await? {
        out.line(format!("  {base} access {email}"))?;
    }
    for command in ["people --minimum 3", "licenses --free", "users --admins", "sessions", "connection list"] {
        out.line(format!("  {base} {command}"))?;
    }
    if keep {
        out.line("\nFrom another terminal, while the vendors run:")?;
        for command in ["sync", "connection check tines", "action jetbrains"] {
            out.line(format!("  {program} --config {} {command}", settings.display()))?;
        }
    } else {
        out.line("\nWith --keep the vendors keep running, so that syncs and actions can be tried, too.")?;
    }
    Ok(())
}
