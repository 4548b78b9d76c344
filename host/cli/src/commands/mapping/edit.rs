//! `headcount mapping edit`: the mapping in a person's own editor.

use headcount::ConnectionId;

use super::{change, parsed, written};
use crate::context::Context;
use crate::exit::{Complaint, Exit};

/// Which mapping.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The connection
    pub connection: ConnectionId,
}

/// Opens an editor, and takes what was written.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let id = &args.connection;
    if !context.can_ask() {
        return Err(Complaint::usage("an editor needs a terminal")
            .next(format!("headcount mapping show {id} --toml > FILE, then headcount mapping apply {id} FILE"))
            .into());
    }
    let tenant = context.tenant().await?;
    let (mapping, _) = tenant.mapping(id).await?;
    let before = written(&mapping)?;
    let path = context.config.data().join(format!("mapping-{}-{}.toml", tenant.id(), std::process::id()));
    tokio::fs::write(&path, &before).await.map_err(|error| Complaint::file(&path, &error))?;
    let editor = ["VISUAL", "EDITOR"].into_iter().find_map(|name| std::env::var(name).ok()).unwrap_or_else(|| "vi".to_owned());
    // Editors are set with their arguments: `code --wait`.
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi").to_owned();
    let status = tokio::process::Command::new(&program).args(words).arg(&path).status().await;
    let after = tokio::fs::read_to_string(&path).await;
    let failed = |problem: String| Complaint::failed(problem).next(format!("what was written is in {}", path.display()));
    let status = status.map_err(|error| failed(format!("the editor {program} can't be started: {error}")))?;
    if !status.success() {
        return Err(failed(format!("the editor {program} failed: {status}")).into());
    }
    let after = after.map_err(|error| Complaint::file(&path, &error))?;
    // It stays where it can't be read, so that nothing is typed twice.
    let mapping = parsed(&after, &path)?;
    if after == before {
        tokio::fs::remove_file(&path).await.map_err(|error| Complaint::file(&path, &error))?;
        context.out.remark("nothing was changed");
        return Ok(Exit::Done);
    }
    let exit = change::change(&tenant, id, Some(mapping), false, context).await?;
    tokio::fs::remove_file(&path).await.map_err(|error| Complaint::file(&path, &error))?;
    Ok(exit)
}
