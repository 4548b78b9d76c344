//! `headcount credential`: credentials that several connections use, entered and rotated in one place.

use headcount::model::printable;
use headcount::store::NamedCredential;
use headcount::{ConnectionId, ConnectorId, CredentialName, Manifest, Tenant};
use serde_json::json;

use super::connection::{check, fill};
use crate::advice::Whose;
use crate::context::Context;
use crate::exit::Exit;
use crate::pairs::Pair;
use crate::secrets::SecretArgs;
use crate::table::Grid;
use crate::words::time;

/// What to do with credentials.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Enter a credential for a connector
    Add(AddArgs),
    /// Make a credential out of a connection's own, which others can then use, too
    Share {
        /// The connection whose own secrets it is made of
        connection: ConnectionId,
        /// What the credential is called
        name: CredentialName,
    },
    /// List credentials, what they are for and who uses them
    List,
    /// Let a connection use a credential in place of secrets of its own
    Use {
        /// The credential
        name: CredentialName,
        /// The connection
        connection: ConnectionId,
    },
    /// Replace a credential's secrets, for all connections that use it
    Rotate {
        /// The credential
        name: CredentialName,
        #[command(flatten)]
        secrets: SecretArgs,
    },
    /// Remove a credential that no connection uses
    Remove {
        /// The credential
        name: CredentialName,
    },
}

/// A new credential.
#[derive(clap::Args, Debug)]
pub struct AddArgs {
    /// What it is called
    pub name: CredentialName,
    /// The connector that it is for
    pub connector: ConnectorId,
    /// A setting that forms a host to which it goes; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<Pair>,
    #[command(flatten)]
    pub secrets: SecretArgs,
}

/// Runs one of them.
pub async fn run(command: Command, context: &Context) -> anyhow::Result<Exit> {
    let host = context.host().await?;
    let tenant = context.tenant_of(&host);
    let manifest = async |connector: &ConnectorId| {
        let installed = host.connectors().await?.into_iter().find(|installed| installed.id == *connector);
        installed
            .map(|installed| installed.manifest)
            .ok_or_else(|| headcount::Error::from(headcount::ConnectorError::None(connector.clone())))
    };
    match command {
        Command::Add(args) => {
            let manifest = manifest(&args.connector).await?;
            add(args, &manifest, &tenant, context).await
        }
        Command::Share { connection, name } => tell("shared", &tenant.share_credential(&connection, name).await?, context),
        Command::List => list(&tenant, context).await,
        Command::Use { name, connection } => using(&name, &connection, &tenant, context).await,
        Command::Rotate { name, secrets } => {
            let known = tenant.credentials().await?.into_iter().find(|known| known.credential.name == name);
            let known = known.ok_or_else(|| {
                headcount::Error::from(headcount::NamedCredentialError::None(tenant.id().clone(), name.clone()))
            })?;
            let secrets = secrets.gather(&manifest(&known.credential.connector).await?, context).await?;
            rotate(&name, secrets, &tenant, context).await
        }
        Command::Remove { name } => remove(&name, &tenant, context).await,
    }
}

async fn add(args: AddArgs, manifest: &Manifest, tenant: &Tenant, context: &Context) -> anyhow::Result<Exit> {
    let hosts = fill::given(manifest, &args.set)?;
    let secrets = args.secrets.gather(manifest, context).await?;
    let added = tenant.add_credential(args.name, &args.connector, &hosts, secrets).await?;
    tell("added", &added, context)?;
    context.out.remark(format!("next: headcount credential use {} CONNECTION", added.name));
    Ok(Exit::Done)
}

async fn using(name: &CredentialName, connection: &ConnectionId, tenant: &Tenant, context: &Context) -> anyhow::Result<Exit> {
    let whose = Whose { id: connection, credential: Some(name) };
    let checked = check::replaced(whose, tenant.use_credential(connection, name).await)?;
    let out = context.out;
    if out.json {
        out.value(&json!({ "event": "used", "credential": name, "connection": connection }))?;
    } else {
        out.line(format!("{connection} uses the credential {name}"))?;
    }
    if let Some(checked) = &checked {
        check::tell(checked, connection, context)?;
    }
    Ok(Exit::Done)
}

async fn rotate(
    name: &CredentialName,
    secrets: Vec<(String, headcount::Secret)>,
    tenant: &Tenant,
    context: &Context,
) -> anyhow::Result<Exit> {
    let rotated = tenant.rotate_credential(name, secrets).await?;
    let out = context.out;
    if out.json {
        let unchecked: Vec<_> = rotated.unchecked.iter().map(|(id, why)| json!({ "connection": id, "why": why })).collect();
        out.value(&json!({
            "event": "rotated",
            "credential": name,
            "version": rotated.credential.version,
            "checked": rotated.checked.iter().map(|(id, _)| id).collect::<Vec<_>>(),
            "unchecked": unchecked,
        }))?;
        return Ok(Exit::Done);
    }
    tell("rotated", &rotated.credential, context)?;
    for (id, _) in &rotated.checked {
        out.line(format!("  {id}: the vendor accepts it"))?;
    }
    for (id, why) in &rotated.unchecked {
        out.line(format!("  {id}: not checked, as {}", printable(why)))?;
    }
    Ok(Exit::Done)
}

async fn remove(name: &CredentialName, tenant: &Tenant, context: &Context) -> anyhow::Result<Exit> {
    let revoke = tenant.remove_credential(name).await?;
    let out = context.out;
    if out.json {
        out.value(&json!({ "event": "removed", "credential": name, "revoke": revoke }))?;
        return Ok(Exit::Done);
    }
    out.line(format!("removed the credential {name}"))?;
    if !revoke.is_empty() {
        out.line(format!("it still works at the vendor; to revoke it: {}", printable(&revoke)))?;
    }
    Ok(Exit::Done)
}

fn tell(event: &str, credential: &NamedCredential, context: &Context) -> anyhow::Result<Exit> {
    let NamedCredential { name, connector, hosts, version, .. } = credential;
    if context.out.json {
        let (base, at) = (&hosts.base_url, time(credential.entered_at));
        context.out.value(&json!({
            "event": event, "credential": name, "connector": connector, "base-url": base, "version": version, "entered-at": at,
        }))?;
    } else {
        context.out.line(format!("{event} the credential {name}, version {version}, for {connector} at {}", hosts.base_url))?;
    }
    Ok(Exit::Done)
}

async fn list(tenant: &Tenant, context: &Context) -> anyhow::Result<Exit> {
    let out = context.out;
    let mut grid = Grid::new(["CREDENTIAL", "CONNECTOR", "FOR", "VERSION", "ENTERED", "USED BY"]);
    for known in tenant.credentials().await? {
        let credential = &known.credential;
        let users: Vec<&str> = known.used_by.iter().map(ConnectionId::as_str).collect();
        if out.json {
            out.value(&json!({
                "name": credential.name,
                "connector": credential.connector,
                "base-url": credential.hosts.base_url,
                "hosts": credential.hosts.hosts,
                "version": credential.version,
                "created-at": time(credential.created_at),
                "entered-at": time(credential.entered_at),
                "used-by": users,
            }))?;
            continue;
        }
        grid.row([
            credential.name.to_string(),
            credential.connector.to_string(),
            credential.hosts.base_url.clone(),
            credential.version.to_string(),
            time(credential.entered_at),
            users.join(", "),
        ]);
    }
    if !out.json && grid.is_empty() {
        out.remark("no credentials of their own yet: headcount credential add NAME CONNECTOR");
    }
    out.grid(&mut grid)?;
    Ok(Exit::Done)
}
