//! `headcount budget`: what one session may use, who set it, and how to narrow it.

use headcount::model::Resource;
use headcount::sandbox::Level;
use headcount::{Budget, ConnectionId, Limits, Tenant};
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::pairs::Pair;
use crate::table::Grid;

/// What takes a limit away.
const NONE: &str = "none";

/// What to do with budgets.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show each budget, its value, and who set it
    Show {
        /// For one connection
        #[arg(long, value_name = "ID")]
        connection: Option<ConnectionId>,
    },
    /// Narrow budgets for all connections of the tenant, or for one; the narrowest of operator, tenant and connection holds
    Set {
        /// For one connection
        #[arg(long, value_name = "ID")]
        connection: Option<ConnectionId>,
        /// A budget and its value: memory=128MiB, call=2min, requests-per-minute=60; NAME=none takes a limit away
        #[arg(required = true, value_name = "NAME=AMOUNT")]
        limits: Vec<Pair>,
    },
}

/// Runs one of them.
pub async fn run(command: Command, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    match command {
        Command::Show { connection } => show(&tenant, connection.as_ref(), context).await?,
        Command::Set { connection, limits } => set(&tenant, connection.as_ref(), &limits, context).await?,
    }
    Ok(Exit::Done)
}

async fn set(tenant: &Tenant, connection: Option<&ConnectionId>, pairs: &[Pair], context: &Context) -> anyhow::Result<()> {
    let mut limits = tenant.limits(connection).await?;
    change(&mut limits, pairs)?;
    tenant.set_limits(connection, &limits).await?;
    let budget = tenant.budget(connection).await?;
    for (resource, amount) in limits.iter() {
        let holds = budget.get(resource).unwrap_or(amount);
        if holds < amount {
            let (unit, level) = (resource.unit(), budget.level(resource));
            context.out.remark(format!(
                "{}={} has no effect: {level} allows {} at most",
                resource.name(),
                unit.show(amount),
                unit.show(holds)
            ));
        }
    }
    show(tenant, connection, context).await
}

fn change(limits: &mut Limits, pairs: &[Pair]) -> Result<(), Complaint> {
    for pair in pairs {
        let changed = if pair.value.trim() == NONE {
            pair.key.parse().map(|resource| limits.clear(resource))
        } else {
            limits.set(&pair.key, &pair.value)
        };
        changed.map_err(|error| Complaint::usage(error.to_string()))?;
    }
    Ok(())
}

async fn show(tenant: &Tenant, connection: Option<&ConnectionId>, context: &Context) -> anyhow::Result<()> {
    let budget = tenant.budget(connection).await?;
    if context.out.json {
        let budgets: Map<String, Value> = Resource::SETTABLE
            .into_iter()
            .map(|resource| {
                (resource.name().to_owned(), json!({ "limit": budget.get(resource), "set-by": set_by(&budget, resource) }))
            })
            .collect();
        context.out.value(&json!({ "event": "budget", "tenant": tenant.id(), "connection": connection, "budgets": budgets }))?;
        return Ok(());
    }
    let mut grid = Grid::new(["BUDGET", "VALUE", "SET BY", "WHAT IT BOUNDS"]);
    for resource in Resource::SETTABLE {
        let value = budget.get(resource).map(|amount| resource.unit().show(amount));
        let value = value.unwrap_or_else(|| "as the connector says".to_owned());
        grid.row([resource.name().to_owned(), value, set_by(&budget, resource), resource.to_string()]);
    }
    context.out.grid(&mut grid)?;
    Ok(())
}

/// Who set a limit; `default` where the operator left it as it comes.
fn set_by(budget: &Budget, resource: Resource) -> String {
    match budget.level(resource) {
        Level::Operator if budget.get(resource) == Budget::default().get(resource) => "default".to_owned(),
        level => level.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(text: &str) -> Pair {
        text.parse().unwrap()
    }

    #[test]
    fn limits_are_set_and_taken_away_by_name() {
        let mut limits = Limits::default();
        change(&mut limits, &[pair("memory=128MiB"), pair("call=2min")]).unwrap();
        change(&mut limits, &[pair("memory=none")]).unwrap();
        assert_eq!(limits.iter().collect::<Vec<_>>(), [(Resource::Call, 120_000)]);
    }

    #[test]
    fn a_budget_that_is_none_is_a_mistake_of_the_command_line() {
        for wrong in ["memroy=1", "memroy=none", "memory=much", "handles=5", "cpu=300"] {
            assert!(change(&mut Limits::default(), &[pair(wrong)]).is_err(), "{wrong}");
        }
    }
}
