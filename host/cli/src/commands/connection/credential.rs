//! `headcount connection credential`: a new secret in place of the one there is.

use std::path::PathBuf;

use headcount::ConnectionId;
use serde_json::json;

use super::check;
use crate::advice::Whose;
use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::secrets;

/// Which credential.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The connection
    pub connection: ConnectionId,
    /// The secret field; may be left out where there is only one
    pub field: Option<String>,
    /// Read it from standard input
    #[arg(long, conflicts_with = "secret_file")]
    pub secret_stdin: bool,
    /// Read it from a file
    #[arg(long, value_name = "PATH")]
    pub secret_file: Option<PathBuf>,
    /// Do not ask the vendor who the credential is; one that holds records is always asked about
    #[arg(long)]
    pub no_check: bool,
    /// Give it one of its own, where it uses one that others use, too
    #[arg(long)]
    pub own: bool,
}

/// Enters a credential.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let tenant = context.tenant().await?;
    let (connection, manifest) = tenant.connection_and_manifest(&args.connection).await?;
    if let Some(name) = connection.credential.as_ref().filter(|_| !args.own) {
        let id = &connection.id;
        return Err(Complaint::usage(format!("{id} uses the credential {name}, as other connections may"))
            .next(format!(
                "replace it for all of them: headcount credential rotate {name}; give {id} another: headcount credential use NAME \
                 {id}; or one of its own: headcount connection credential {id} --own"
            ))
            .into());
    }
    let all: Vec<&str> = manifest.secret_fields().map(|field| field.name.as_str()).collect();
    let name = match (&args.field, all.as_slice()) {
        (Some(name), _) => name.as_str(),
        (None, [only]) => only,
        (None, _) => return Err(Complaint::usage(format!("say which secret: {}", all.join(", "))).into()),
    };
    let field = secrets::field(&manifest, name)?;
    let secret = match &args.secret_file {
        Some(path) => secrets::from_file(path).await?,
        None if args.secret_stdin => secrets::from_stdin().await?,
        None if context.can_ask() => secrets::from_terminal(field).await?,
        None => {
            let complaint = Complaint::usage(format!("{name} is needed, and nobody can be asked"));
            return Err(complaint.next("--secret-file PATH or --secret-stdin").into());
        }
    };
    let checked = check::replaced(
        Whose { id: &connection.id, credential: None },
        tenant.set_credential(&connection.id, name, &secret).await,
    )?;
    let out = context.out;
    if out.json {
        out.value(&json!({ "event": "entered", "connection": connection.id, "field": name }))?;
    } else {
        out.line(format!("entered {name} of {}", connection.id))?;
    }
    match checked {
        Some(checked) => check::tell(&checked, &connection.id, context)?,
        None if !args.no_check => check::vendor(&tenant, &connection.id, context).await?,
        None => {}
    }
    Ok(Exit::Done)
}
