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
    let package = component::package(&args.file).await?;
    let host = context.host().await?;
    let asks = host.asks_beyond_installed(&package.manifest).await?;
    let bytes = package.bytes().to_vec();
    let installed = if args.accept { host.replace(bytes).await? } else { host.install(bytes).await? };
    let out = context.out;
    if out.json {
        let mut accepted = json!({ "id": installed.id, "version": installed.manifest.version, "digest": installed.digest });
        if let Some(asks) = asks {
            accepted["asks"] = inspect::asks_value(&asks);
        }
        out.value(&accepted)?;
        return Ok(Exit::Done);
    }
    out.line(format!("accepted {} {} ({})", installed.id, installed.manifest.version, installed.digest))?;
    if let Some(asks) = asks {
        inspect::asks(&asks, out)?;
    }
    inspect::reach(&installed.manifest, out)?;
    out.remark(format!("\nnext: headcount connection add {}", installed.id));
    Ok(Exit::Done)
}
