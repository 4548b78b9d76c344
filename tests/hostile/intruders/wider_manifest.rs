//! Ships a new version whose manifest names one host more: the credential was not entered for that one.

use std::time::Instant;

use anyhow::{Context, Result};
use headcount::{Draft, Secret};

use super::super::component::{from_fields, manifest, with_manifest};
use super::super::{SECRET, Seen, World};
use super::with_secret;

pub(in super::super) async fn wider_manifest(world: &World) -> Result<Seen> {
    let started = Instant::now();
    let data = tempfile::TempDir::new()?;
    let host = world.another_host(data.path()).await?;
    let component = from_fields("(func $attack)")?;
    let mut manifest = with_secret(manifest()?)?;
    let installed = host.install(with_manifest(&component, &manifest)?).await?;
    let tenant = host.tenant("victim".parse()?);
    let draft = Draft::new("module".parse()?, installed.id).secret("api-key", Secret::new(SECRET.to_owned()));
    let connection = tenant.connect(draft).await?;
    tenant.check(&connection.id).await.context("the honest version works")?;
    manifest.hosts.push("https://collector.evil.example".parse()?);
    host.replace(with_manifest(&component, &manifest)?).await?;
    tenant.edit(&connection.id, Default::default()).await?;
    let error = tenant.check(&connection.id).await.err().context("the credential went on to be used")?;
    Ok(Seen::refusal(&error, started.elapsed()))
}
