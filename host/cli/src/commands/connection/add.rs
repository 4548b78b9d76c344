//! `headcount connection add`: makes a connection and asks the vendor who its credential is.

use headcount::store::{Connection, LifeState};
use headcount::{ConnectionId, ConnectorId, CredentialName, Draft};
use serde_json::json;

use super::people::PeopleArgs;
use super::{check, fill};
use crate::commands::connector::setup_steps;
use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::pairs::Pair;
use crate::secrets::SecretArgs;
use crate::standing;

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
    /// A credential of the tenant's, in place of secrets of its own
    #[arg(long, value_name = "NAME")]
    pub credential: Option<CredentialName>,
    #[command(flatten)]
    pub people: PeopleArgs,
    /// Keep it as it is, to be completed later
    #[arg(long, conflicts_with = "no_check")]
    pub draft: bool,
    /// Do not ask the vendor who the credential is; it is launched later
    #[arg(long)]
    pub no_check: bool,
}

/// Makes a connection.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let host = context.host().await?;
    let connectors = host.connectors().await?;
    let Some(installed) = connectors.into_iter().find(|connector| connector.id == args.connector) else {
        return Err(headcount::Error::from(headcount::ConnectorError::None(args.connector)).into());
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
    let tenant = context.tenant_of(&host);
    let settings = match args.draft {
        true => fill::given(&manifest, &args.set)?,
        false => fill::fill(&manifest, &args.set, &tenant.shared_values().await?, context).await?,
    };
    for (field, value) in settings {
        draft = draft.setting(field, value);
    }
    let secrets = match (args.draft, &args.credential) {
        (true, _) | (false, Some(_)) => args.secrets.given(&manifest).await?,
        (false, None) => args.secrets.gather(&manifest, context).await?,
    };
    for (field, secret) in secrets {
        draft = draft.secret(field, secret);
    }
    if let Some(name) = args.credential {
        draft = draft.credential(name);
    }
    draft = draft.owner(args.people.owner.unwrap_or_default());
    for contact in args.people.contact {
        draft = draft.contact(contact.0);
    }
    let connection = if args.draft { tenant.save_draft(draft).await? } else { tenant.connect(draft).await? };
    tell(&connection, context)?;
    if args.draft || args.no_check {
        out.remark(format!("\nnext: {}", connection.life.next));
        return Ok(Exit::Done);
    }
    let checked =
        check::refusals((&connection).into(), tenant.launch(&connection.id).await).map_err(|error| kept(&connection, error))?;
    check::tell(&checked, &connection.id, context)?;
    out.remark(format!("\nnext: headcount sync {}", connection.id));
    Ok(Exit::Done)
}

/// The same error, which says besides that the connection stays, and how to go on with it.
fn kept(connection: &Connection, error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Complaint>() {
        Ok(complaint) => {
            let id = &connection.id;
            let first = complaint.what_next().map(|next| format!("{next}; then: ")).unwrap_or_default();
            let next = format!("connection {id} was kept, and is not launched yet. {first}headcount connection launch {id}");
            complaint.next(next).into()
        }
        Err(other) => other,
    }
}

fn tell(connection: &Connection, context: &Context) -> std::io::Result<()> {
    if context.out.json {
        return context.out.value(&json!({
            "event": "added",
            "connection": connection.id,
            "connector": connection.connector,
            "name": connection.name,
            "settings": connection.settings.values,
            "shared": connection.shared,
            "credential": connection.credential,
            "life": standing::value(&connection.life),
        }));
    }
    let what = if connection.life.state == LifeState::Draft { "kept the draft of" } else { "added" };
    let url = match connection.settings.base_url.as_str() {
        "" => String::new(),
        url => format!(" ({url})"),
    };
    context.out.line(format!("{what} connection {}{url}", connection.id))
}
