//! `headcount connection add`: makes a connection and asks the vendor who its credential is.

use headcount::store::Connection;
use headcount::{ConnectionId, ConnectorId, Draft};
use serde_json::json;

use super::{check, fill};
use crate::commands::connector::setup_steps;
use crate::context::Context;
use crate::exit::Exit;
use crate::pairs::Pair;
use crate::secrets::SecretArgs;

/// What to connect.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The connector
    pub connector: ConnectorId,
    /// The connection's id [default: the connector's]
    #[arg(long, value_name = "ID")]
    pub id: Option<ConnectionId>,
    /// What people call it
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// A setting; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<Pair>,
    #[command(flatten)]
    pub secrets: SecretArgs,
    /// Do not ask the vendor who the credential is
    #[arg(long)]
    pub no_check: bool,
}

/// Makes a connection.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let host = context.host().await?;
    let connectors = host.connectors().await?;
    let Some(installed) = connectors.into_iter().find(|connector| connector.id == args.connector) else {
        return Err(headcount::Error::NoConnector(args.connector).into());
    };
    let manifest = installed.manifest;
    let out = context.out;
    if !out.json {
        setup_steps(&manifest, out)?;
        out.line("")?;
    }
    let id = match args.id {
        Some(id) => id,
        None => args.connector.as_str().parse()?,
    };
    let mut draft = Draft::new(id, args.connector);
    if let Some(name) = args.name {
        draft = draft.name(name);
    }
    for (field, value) in fill::fill(&manifest, &args.set, context).await? {
        draft = draft.setting(field, value);
    }
    for (field, secret) in args.secrets.gather(&manifest, context).await? {
        draft = draft.secret(field, secret);
    }
    let tenant = host.tenant(context.config.tenant.clone());
    let connection = tenant.connect(draft).await?;
    tell(&connection, context)?;
    if args.no_check {
        return Ok(Exit::Done);
    }
    check::vendor(&tenant, &connection.id, context).await?;
    out.remark(format!("\nnext: headcount sync {}", connection.id));
    Ok(Exit::Done)
}

fn tell(connection: &Connection, context: &Context) -> std::io::Result<()> {
    if context.out.json {
        return context.out.value(&json!({
            "event": "added",
            "connection": connection.id,
            "connector": connection.connector,
            "name": connection.name,
            "settings": connection.settings.values,
        }));
    }
    context.out.line(format!("added connection {} ({})", connection.id, connection.settings.base_url))
}
