//! `headcount connection launch`, `pause` and `resume`.

use headcount::ConnectionId;
use headcount::store::Connection;
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
}

/// Checks a connection, and lets it run.
pub async fn launch(id: &ConnectionId, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    check::tell(&check::refusals(id, tenant.launch(id).await)?, id, context)?;
    tell("launched", &tenant.connection(id).await?, context)
}

/// Stops a connection until it is resumed.
pub async fn pause(args: PauseArgs, context: &Context) -> anyhow::Result<Exit> {
    let paused = context.tenant().await?.pause(&args.connection, &args.why).await?;
    tell("paused", &paused, context)
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
