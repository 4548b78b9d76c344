//! `headcount connector pack`: checks an author's manifest and puts it into a component, or makes a component of a module.

use std::path::PathBuf;

use headcount::Manifest;
use headcount::sandbox::pack;
use serde_json::json;

use super::component;
use crate::context::Context;
use crate::exit::{Complaint, Exit};
use crate::words::bytes;

/// What to pack.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The component, or the core module built against the contract
    pub input: PathBuf,
    /// The manifest, TOML
    pub manifest: PathBuf,
    /// Where the packed component goes
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// Packs a component.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<Exit> {
    let text = tokio::fs::read_to_string(&args.manifest).await.map_err(|error| Complaint::file(&args.manifest, &error))?;
    let manifest = Manifest::from_toml(&text).map_err(|problem| {
        Complaint::usage(format!("{}\n{problem}", args.manifest.display())).next("`headcount connector schema` has the rules")
    })?;
    headcount::check_standard_mapping(&manifest).await?;
    let input = component::bytes(&args.input).await?;
    let checked = tokio::task::spawn_blocking(move || {
        let packed = pack(&input, &manifest)?;
        // Read back as the host will read it, so that what was packed can be added.
        let package = headcount::Package::read(packed.clone())?;
        Ok::<_, headcount::sandbox::PackageError>((packed, package))
    })
    .await?;
    let (packed, package) = checked.map_err(headcount::Error::from)?;
    tokio::fs::write(&args.output, &packed).await.map_err(|error| Complaint::file(&args.output, &error))?;
    let out = context.out;
    if out.json {
        out.value(&json!({ "file": args.output, "id": package.manifest.id, "digest": package.digest, "bytes": package.size }))?;
    } else {
        out.line(format!("{}: {}, {}", args.output.display(), bytes(package.size), package.digest))?;
        out.remark(format!("next: headcount connector run {} --feed {}", args.output.display(), first_feed(&package.manifest)));
    }
    Ok(Exit::Done)
}

fn first_feed(manifest: &Manifest) -> &str {
    manifest.feeds.first().map_or("NAME", |feed| feed.name.as_str())
}
