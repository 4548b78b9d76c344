//! Who may change something: by connection, and for the whole tenant.

use headcount::store::ActionPermit;
use headcount::{ConnectionId, Tenant};
use serde_json::{Value, json};

use super::Who;
use crate::context::Context;
use crate::exit::Exit;
use crate::words::time;

/// Permits actions of a connection.
pub async fn permit(
    connection: &ConnectionId,
    actions: &[String],
    who: &Who,
    tenant: &Tenant,
    context: &Context,
) -> anyhow::Result<Exit> {
    let permits = tenant.permit_actions(connection, actions, &who.name(), who.reason.as_deref()).await?;
    told(connection, &permits, context)?;
    let forbidden = tenant.actions(connection).await?.into_iter().filter(|offered| !offered.permission.is_given());
    for offered in forbidden.filter(|offered| permits.iter().any(|permit| permit.action == offered.action.name)) {
        context.out.remark(format!("{} is not permitted all the same: {}", offered.action.name, offered.permission));
    }
    Ok(Exit::Done)
}

/// Takes permissions back.
pub async fn forbid(connection: &ConnectionId, actions: &[String], tenant: &Tenant, context: &Context) -> anyhow::Result<Exit> {
    told(connection, &tenant.forbid_actions(connection, actions).await?, context)?;
    Ok(Exit::Done)
}

/// Stops all actions of the tenant.
pub async fn stop(who: &Who, tenant: &Tenant, context: &Context) -> anyhow::Result<Exit> {
    tenant.stop_actions(&who.name(), who.reason.as_deref()).await?;
    tell_stop(true, tenant, context)?;
    Ok(Exit::Done)
}

/// Lets them go on.
pub async fn resume(tenant: &Tenant, context: &Context) -> anyhow::Result<Exit> {
    tenant.resume_actions().await?;
    tell_stop(false, tenant, context)?;
    Ok(Exit::Done)
}

fn tell_stop(stopped: bool, tenant: &Tenant, context: &Context) -> std::io::Result<()> {
    if context.out.json {
        return context.out.value(&json!({ "event": "actions", "tenant": tenant.id(), "stopped": stopped }));
    }
    context.out.line(if stopped {
        format!("no connection of tenant {} changes anything now; headcount action resume lets them again", tenant.id())
    } else {
        format!("connections of tenant {} may change what they are permitted to", tenant.id())
    })
}

fn told(connection: &ConnectionId, permits: &[ActionPermit], context: &Context) -> std::io::Result<()> {
    if context.out.json {
        let dated = permits.iter().map(|permit| {
            let mut value = json!(permit);
            value["at"] = json!(time(permit.at));
            value
        });
        let dated: Vec<Value> = dated.collect();
        return context.out.value(&json!({ "event": "permits", "connection": connection, "permits": dated }));
    }
    if permits.is_empty() {
        return context.out.line(format!("{connection} only reads"));
    }
    let names: Vec<&str> = permits.iter().map(|permit| permit.action.as_str()).collect();
    context.out.line(format!("{connection} may {}", names.join(", ")))
}
