//! `headcount sessions held`: removals that wait for a person.

use headcount::store::{Hold, HoldState};
use headcount::{ConnectionId, Tenant};
use serde_json::json;

use crate::context::Context;
use crate::records::plural;
use crate::table::Grid;
use crate::words::{number, time};

/// The most that are shown.
const MOST: u32 = 1_000;

/// Which of them.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// Of one connection only
    #[arg(long, value_name = "ID")]
    pub connection: Option<ConnectionId>,
    /// Those that were turned down, too: they can still be released
    #[arg(long)]
    pub all: bool,
}

/// Shows them.
pub(super) async fn run(args: &Args, tenant: &Tenant, context: &Context) -> anyhow::Result<()> {
    if let Some(id) = &args.connection {
        tenant.connection(id).await?;
    }
    let mut holds = tenant.holds(args.connection.as_ref(), MOST).await?;
    holds.retain(|hold| args.all || hold.state == HoldState::Held);
    if context.out.json {
        for hold in &holds {
            let mut value = json!(hold);
            value["since"] = json!(time(hold.since));
            value["at"] = json!(time(hold.at));
            context.out.value(&value)?;
        }
        return Ok(());
    }
    let mut grid = Grid::new(["SESSION", "CONNECTION", "STATE", "WAITS SINCE", "RECORDS", "WHY"]);
    for hold in &holds {
        grid.row([
            hold.session.to_string(),
            hold.connection.to_string(),
            hold.state.as_str().to_owned(),
            time(hold.since),
            records(hold),
            hold.reasons.join("; "),
        ]);
    }
    context.out.grid(&mut grid)?;
    match holds.first() {
        None => context.out.remark("no removals wait for a person"),
        Some(hold) => context.out.remark(format!(
            "\nto see them, do them, or turn them down: headcount sessions diff|release|reject {}",
            hold.session
        )),
    }
    Ok(())
}

/// `12 users, 40 grants`.
fn records(hold: &Hold) -> String {
    hold.records.iter().map(|(kind, count)| format!("{} {}", number(*count), plural(*kind))).collect::<Vec<_>>().join(", ")
}
