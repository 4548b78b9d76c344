//! `headcount notices`: what people were told about their connections, and where notices are sent.

pub mod channel;
mod deliveries;

use headcount::model::printable;
use headcount::store::{Notice, NoticeFilter};
use headcount::{ConnectionId, CourierOptions, Tenant};
use serde_json::{Value, json};

use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::table::Grid;
use crate::words::{counted, maybe_time, time};

/// What to do with notices.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List notices, the newest first
    List {
        /// Those that nobody has read
        #[arg(long)]
        unread: bool,
        /// Of one connection only
        #[arg(long, value_name = "ID")]
        connection: Option<ConnectionId>,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 20)]
        limit: u32,
    },
    /// Show one notice, and mark it as read
    Show {
        /// Its number
        number: u64,
    },
    /// Mark notices as read
    Read {
        /// Their numbers
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        numbers: Vec<u64>,
        /// All of them
        #[arg(long)]
        all: bool,
    },
    /// Where notices are sent: add, list, test, remove
    #[command(subcommand)]
    Channel(channel::Command),
    /// What became of notices on their way
    Deliveries(deliveries::Args),
    /// Send dead letters, and what was withheld, again: of one notice, or all
    Redeliver {
        /// Of one notice
        number: Option<u64>,
    },
    /// Send what is due now; `headcount serve` does so by itself
    Send,
}

/// Runs one of them.
///
/// # Errors
/// There is no such notice or channel, or a channel can't be used.
pub async fn run(command: Command, context: &Context) -> anyhow::Result<Exit> {
    if let Command::Send = command {
        return deliveries::send(context).await;
    }
    if let Command::Channel(channel::Command::Test { channel, connection }) = &command {
        return channel::test(channel, connection.as_ref(), context).await;
    }
    let tenant = context.tenant().await?;
    match command {
        Command::List { unread, connection, limit } => {
            list(&tenant.notices(&NoticeFilter { unread, connection, before: None, limit }).await?, context)?;
        }
        Command::Show { number } => show(&tenant, number, context).await?,
        Command::Read { numbers, .. } => {
            let read = tenant.read_notices(&numbers).await?;
            match context.out.json {
                true => context.out.value(&json!({ "event": "read", "notices": read }))?,
                false => context.out.line(format!("{} marked as read", counted(read, "notice")))?,
            }
        }
        Command::Channel(command) => channel::run(command, &tenant, context).await?,
        Command::Deliveries(args) => deliveries::list(&args, &tenant, context).await?,
        Command::Redeliver { number } => deliveries::redeliver(number, &tenant, context).await?,
        Command::Send => {}
    }
    Ok(Exit::Done)
}

/// How messages are sent, as the operator has it.
async fn courier_options(context: &Context) -> anyhow::Result<CourierOptions> {
    let mut options = CourierOptions::default();
    options.mail = context.mail().await?;
    context.config.serve.set_courier(&mut options);
    Ok(options)
}

fn list(found: &[Notice], context: &Context) -> std::io::Result<()> {
    if context.out.json {
        return found.iter().try_for_each(|notice| context.out.value(&value(notice)));
    }
    if found.is_empty() {
        context.out.remark("there are no notices");
    }
    let mut grid = Grid::new(["NOTICE", "AT", "CONNECTION", "CAUSE", "KIND", "READ", "WHAT"]);
    for notice in found {
        grid.row([
            notice.number.to_string(),
            time(notice.at),
            notice.connection.to_string(),
            notice.cause.as_str().to_owned(),
            notice.kind.as_str().to_owned(),
            if notice.read_at.is_some() { "yes" } else { "no" }.to_owned(),
            format!(
                "{}{}",
                if notice.withheld > 0 { "(not sent) " } else { "" },
                notice.what.chars().take(100).collect::<String>()
            ),
        ]);
    }
    context.out.grid(&mut grid)?;
    if found.iter().any(|notice| notice.withheld > 0) {
        context.out.remark(
            "what was not sent went past the messages that the operator lets a tenant send in an hour: headcount notices redeliver",
        );
    }
    Ok(())
}

async fn show(tenant: &Tenant, number: u64, context: &Context) -> anyhow::Result<()> {
    let found = tenant.notice(number).await?;
    let notice = found.ok_or_else(|| {
        Complaint::not_found(format!("tenant {} has no notice {number}", tenant.id())).next("headcount notices list")
    })?;
    tenant.read_notices(&[number]).await?;
    let out = context.out;
    if out.json {
        out.value(&value(&notice))?;
        return Ok(());
    }
    out.line(format!("notice {} of {}: {} ({})", notice.number, notice.connection, notice.cause.as_str(), notice.kind.as_str()))?;
    out.line(format!("  {}", printable(&notice.what)))?;
    if !notice.next.is_empty() {
        out.line(format!("  next: {}", printable(&notice.next)))?;
    }
    let session = notice.session.map(|session| format!(", by session {session}")).unwrap_or_default();
    out.line(format!("  {}{session}", time(notice.at)))?;
    if notice.withheld > 0 {
        let places = counted(notice.withheld.into(), "message");
        out.line(format!("  {places} of it not sent: more than the operator lets a tenant send in an hour"))?;
        out.line(format!("  next: headcount notices redeliver {number}"))?;
    }
    Ok(())
}

fn value(notice: &Notice) -> Value {
    json!({
        "event": "notice",
        "notice": notice.number,
        "at": time(notice.at),
        "connection": notice.connection,
        "cause": notice.cause,
        "kind": notice.kind,
        "session": notice.session,
        "what": notice.what,
        "next": notice.next,
        "read": notice.read_at.map(|at| maybe_time(Some(at))),
        "withheld": notice.withheld,
    })
}
