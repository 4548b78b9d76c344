//! `headcount notices deliveries`, `redeliver` and `send`: what became of notices on their way.

use headcount::store::{Delivery, DeliveryState};
use headcount::{Sent, Tenant};
use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::table::Grid;
use crate::words::{counted, maybe_time, number, time};

/// Which deliveries.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Those that were given up
    #[arg(long, conflicts_with_all = ["waiting", "withheld"])]
    pub dead: bool,
    /// Those that went past what the operator lets a tenant send in an hour
    #[arg(long, conflicts_with = "waiting")]
    pub withheld: bool,
    /// Those that are still to be sent, or sent again
    #[arg(long)]
    pub waiting: bool,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: u32,
}

/// Lists them.
pub async fn list(args: &Args, tenant: &Tenant, context: &Context) -> anyhow::Result<()> {
    let wanted =
        [(args.dead, DeliveryState::Dead), (args.waiting, DeliveryState::Waiting), (args.withheld, DeliveryState::Withheld)];
    let state = wanted.into_iter().find(|(wanted, _)| *wanted).map(|(_, state)| state);
    let found: Vec<Delivery> = tenant.deliveries(state, args.limit).await?;
    let mut grid = Grid::new(["NOTICE", "CHANNEL", "TO", "STATE", "ATTEMPTS", "NEXT", "ENDED", "PROBLEM"]);
    for one in &found {
        let next = (one.state == DeliveryState::Waiting).then_some(one.due_at);
        if context.out.json {
            context.out.value(&json!({
                "event": "delivery",
                "notice": one.notice,
                "channel": one.channel,
                "to": one.recipient,
                "state": one.state,
                "attempts": one.attempts,
                "next": next.map(time),
                "ended": one.ended_at.map(time),
                "problem": one.problem,
            }))?;
        } else {
            let problem = one.problem.as_deref().unwrap_or_default().chars().take(120).collect();
            let (next, ended) = (maybe_time(next), maybe_time(one.ended_at));
            let (to, state) = (one.recipient.clone().unwrap_or_default(), one.state.as_str().to_owned());
            let attempts = number(one.attempts.into());
            grid.row([one.notice.to_string(), one.channel.to_string(), to, state, attempts, next, ended, problem]);
        }
    }
    context.out.grid(&mut grid)?;
    if found.iter().any(|one| matches!(one.state, DeliveryState::Dead | DeliveryState::Withheld)) {
        context.out.remark("send what was given up or withheld again: headcount notices redeliver");
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
        context.out.line(format!("{} to be sent again{next}", counted(revived, "message")))?;
    }
    Ok(())
}

/// Sends what is due now, of all tenants.
pub async fn send(context: &Context) -> anyhow::Result<Exit> {
    let host = context.host().await?;
    let courier = host.courier(super::courier_options(context).await?)?;
    let mut total = Sent::default();
    loop {
        let sent = courier.turn().await?;
        if sent == Sent::default() {
            break;
        }
        total.delivered += sent.delivered;
        total.again += sent.again;
        total.dead += sent.dead;
        total.withheld += sent.withheld;
    }
    let Sent { delivered, again, dead, withheld, .. } = total;
    if context.out.json {
        let event = json!({ "event": "sent", "delivered": delivered, "again": again, "dead": dead, "withheld": withheld });
        context.out.value(&event)?;
    } else {
        let delivered = counted(delivered.into(), "message");
        context.out.line(format!("{delivered} delivered, {again} to be tried again, {dead} given up, {withheld} withheld"))?;
    }
    Ok(if again + dead + withheld > 0 { Exit::Failed } else { Exit::Done })
}
