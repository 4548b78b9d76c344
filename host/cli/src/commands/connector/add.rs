//! `headcount connector add`: accepts a component, by its digest.

use std::path::PathBuf;

use serde_json::json;

use super::{component, inspect};
use crate::context::Context;
use crate::exit::Exit;

/// What to accept.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The packed component
    pub file: PathBuf,
    /// Accept it in place of another digest under the same id
    #[arg(long)]
    pub accept: bool,
}

/// Accepts a component.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let bytes = component::bytes(&args.file).await?;
    let host = context.host().await?;
    let installed = if args.accept { host.replace(bytes).await? } else { host.install(bytes).await? };
    let out = context.out;
    if out.json {
        out.value(&json!({ "id": installed.id, "version": installed.manifest.version, "digest": installed.digest }))?;
        return Ok(Exit::Done);
    }
    out.line(format!("accepted {} {} ({})", installed.id, installed.manifest.version, installed.digest))?;
    inspect::reach(&installed.manifest, out)?;
    out.remark(format!("\nnext: headcount connection add {}", installed.id));
    Ok(Exit::Done)
}
