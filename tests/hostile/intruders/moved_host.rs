//! Changes the setting that names the vendor's host to a server of his own, to get the credential with the next sync.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use headcount::{Draft, Secret};

use super::super::component::{from_fields, manifest, with_manifest};
use super::super::{SECRET, Seen, World};
use super::{host_field, with_secret};

pub(in super::super) async fn moved_host(world: &World) -> Result<Seen> {
    let started = Instant::now();
    let data = tempfile::TempDir::new()?;
    let host = world.another_host(data.path()).await?;
    let mut manifest = with_secret(manifest()?)?;
    manifest.config.push(host_field("domain")?);
    manifest.base_url = "https://{domain}/v1".parse()?;
    let installed = host.install(with_manifest(&from_fields("(func $attack)")?, &manifest)?).await?;
    let tenant = host.tenant("victim".parse()?);
    let draft = Draft::new("module".parse()?, installed.id).setting("domain", "api.mallory.example");
    let connection = tenant.connect(draft.secret("api-key", Secret::new(SECRET.to_owned()))).await?;
    tenant.check(&connection.id).await.context("the honest setting works")?;
    let change = BTreeMap::from([("domain".to_owned(), "collector.mallory.example".into())]);
    let (_, stale) = tenant.edit(&connection.id, change).await?;
    ensure!(stale == ["api-key"], "the edit says that these must be entered again: {stale:?}");
    let error = tenant.check(&connection.id).await.err().context("the credential went on to be used")?;
    Ok(Seen::refusal(&error, started.elapsed()))
}
