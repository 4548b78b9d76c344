//! `headcount connection launch`, `pause` and `resume`.

use headcount::store::Connection;
use headcount::{ConnectionId, Paused};
use serde_json::json;

use super::check;
use crate::context::Context;
use crate::exit::Exit;
use crate::standing;

/// What to pause.
#[derive(clap::Args, Debug)]
pub struct PauseArgs {
    /// The connection
    pub connection: ConnectionId,
    /// Why, for whoever finds it paused
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub why: String,
    /// Let a sync that is under way go on to its end; else it stops where it is, and goes on when the connection is resumed
    #[arg(long)]
    pub after_sync: bool,
}

/// Checks a connection, and lets it run.
pub async fn launch(id: &ConnectionId, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let connection = tenant.connection(id).await?;
    check::tell(&check::refusals((&connection).into(), tenant.launch(id).await)?, id, context)?;
    tell("launched", &tenant.connection(id).await?, context)
}

/// Stops a connection until it is resumed.
pub async fn pause(args: PauseArgs, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let Paused { connection, session } = match args.after_sync {
        true => tenant.pause_after_sync(&args.connection, &args.why).await?,
        false => tenant.pause(&args.connection, &args.why).await?,
    };
    let out = context.out;
    if out.json {
        let life = standing::value(&connection.life);
        let goes_on = session.is_some() && args.after_sync;
        let session = session.map(|session| session.to_string());
        out.value(&json!({
            "event": "paused", "connection": connection.id, "life": life, "session": session, "session-goes-on": goes_on,
        }))?;
        return Ok(Exit::Done);
    }
    tell("paused", &connection, context)?;
    if let Some(session) = session {
        let what = match args.after_sync {
            true => "goes on to its end",
            false => "stops at its next page, keeps what it has read, and goes on if the connection is resumed within a day",
        };
        out.remark(format!("its session {session} {what}; to end it: headcount sessions cancel {session}"));
    }
    Ok(Exit::Done)
}

/// Lets a paused connection run again.
pub async fn resume(id: &ConnectionId, context: &Context) -> anyhow::Result<Exit> {
    let resumed = context.tenant().await?.resume(id).await?;
    tell("resumed", &resumed, context)
}

fn tell(event: &str, connection: &Connection, context: &Context) -> anyhow::Result<Exit> {
    let (id, out) = (&connection.id, context.out);
    if out.json {
        out.value(&json!({ "event": event, "connection": id, "life": standing::value(&connection.life) }))?;
        return Ok(Exit::Done);
    }
    out.line(format!("{event} {id}"))?;
    if !connection.life.next.is_empty() {
        out.remark(format!("next: {}", connection.life.next));
    }
    Ok(Exit::Done)
}
