//! `headcount notices deliveries`, `redeliver` and `send`: what became of notices on their way.

use headcount::store::{Delivery, DeliveryState};
use headcount::{CourierOptions, Sent, Tenant};
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::table::Grid;
use crate::words::{counted, maybe_time, number, time};

/// Which deliveries.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Those that were given up
    #[arg(long, conflicts_with = "waiting")]
    pub dead: bool,
    /// Those that are still to be sent, or sent again
    #[arg(long)]
    pub waiting: bool,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: u32,
}

/// Lists them.
pub async fn list(args: &Args, tenant: &Tenant, context: &Context) -> anyhow::Result<()> {
    let state = match (args.dead, args.waiting) {
        (true, _) => Some(DeliveryState::Dead),
        (_, true) => Some(DeliveryState::Waiting),
        _ => None,
    };
    let found: Vec<Delivery> = tenant.deliveries(state, args.limit).await?;
    let mut grid = Grid::new(["NOTICE", "CHANNEL", "STATE", "ATTEMPTS", "NEXT", "ENDED", "PROBLEM"]);
    for one in &found {
        let next = (one.state == DeliveryState::Waiting).then_some(one.due_at);
        if context.out.json {
            context.out.value(&json!({
                "event": "delivery",
                "notice": one.notice,
                "channel": one.channel,
                "state": one.state,
                "attempts": one.attempts,
                "next": next.map(time),
                "ended": one.ended_at.map(time),
                "problem": one.problem,
            }))?;
        } else {
            let problem = one.problem.as_deref().unwrap_or_default().chars().take(120).collect();
            let (next, ended) = (maybe_time(next), maybe_time(one.ended_at));
            let state = one.state.as_str().to_owned();
            grid.row([one.notice.to_string(), one.channel.to_string(), state, number(one.attempts.into()), next, ended, problem]);
        }
    }
    context.out.grid(&mut grid)?;
    if found.iter().any(|one| one.state == DeliveryState::Dead) {
        context.out.remark("send dead letters again: headcount notices redeliver");
    }
    Ok(())
}

/// Sends dead letters again.
pub async fn redeliver(notice: Option<u64>, tenant: &Tenant, context: &Context) -> anyhow::Result<()> {
    let revived = tenant.redeliver(notice).await?;
    if context.out.json {
        context.out.value(&json!({ "event": "redelivered", "deliveries": revived }))?;
    } else {
        let next = if revived > 0 { ": `headcount serve` sends them, or `headcount notices send`" } else { "" };
        context.out.line(format!("{} to be sent again{next}", counted(revived, "dead letter")))?;
    }
    Ok(())
}

/// Sends what is due now, of all tenants.
pub async fn send(context: &Context) -> anyhow::Result<Exit> {
    let host = context.host().await?;
    let mut options = CourierOptions::default();
    options.mail = context.mail().await?;
    let courier = host.courier(options)?;
    let mut total = Sent::default();
    loop {
        let sent = courier.turn().await?;
        if sent == Sent::default() {
            break;
        }
        total.delivered += sent.delivered;
        total.again += sent.again;
        total.dead += sent.dead;
    }
    let Sent { delivered, again, dead, .. } = total;
    if context.out.json {
        context.out.value(&json!({ "event": "sent", "delivered": delivered, "again": again, "dead": dead }))?;
    } else {
        context
            .out
            .line(format!("{} delivered, {again} to be tried again, {dead} given up", counted(delivered.into(), "message")))?;
    }
    Ok(if again + dead > 0 { Exit::Failed } else { Exit::Done })
}
