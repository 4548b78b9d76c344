//! `headcount connector list`.

use serde_json::json;

use crate::context::Context;
use crate::exit::Exit;
use crate::table::Grid;
use crate::words::{bytes, time};

/// Lists the accepted connectors.
pub async fn run(context: &Context) -> anyhow::Result<Exit> {
    let connectors = context.host().await?.connectors().await?;
    if context.out.json {
        for connector in &connectors {
            context.out.value(&json!({
                "id": connector.id.as_str(),
                "name": connector.manifest.name,
                "version": connector.manifest.version,
                "digest": connector.digest,
                "bytes": connector.size,
                "installed-at": time(connector.installed_at),
                "manifest": connector.manifest,
            }))?;
        }
        return Ok(Exit::Done);
    }
    let mut grid = Grid::new(["CONNECTOR", "NAME", "VERSION", "FEEDS", "ACTIONS", "SIZE", "ACCEPTED", "DIGEST"]);
    for connector in &connectors {
        let manifest = &connector.manifest;
        let digest: String = connector.digest.hex().chars().take(12).collect();
        grid.row([
            connector.id.to_string(),
            manifest.name.clone(),
            manifest.version.clone(),
            manifest.feeds.len().to_string(),
            manifest.actions.len().to_string(),
            bytes(connector.size),
            time(connector.installed_at),
            digest,
        ]);
    }
    if grid.is_empty() {
        context.out.remark("no connectors yet: headcount connector add FILE");
    }
    context.out.grid(&mut grid)?;
    Ok(Exit::Done)
}
