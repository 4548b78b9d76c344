//! Puts another component in place of the one that was accepted, in the host's own folder.

use std::time::Instant;

use anyhow::{Context, Result};
use headcount::{Draft, Headcount};

use super::super::component::{from_fields, packed};
use super::super::{Seen, World};

pub(in super::super) async fn swapped_component(world: &World) -> Result<Seen> {
    let started = Instant::now();
    let honest = packed(&from_fields("(func $attack)")?)?;
    let installed = world.host.install(honest).await?;
    let tenant = world.host.tenant("swapped-component".parse()?);
    let connection = tenant.connect(Draft::new("module".parse()?, installed.id)).await?;
    let path = world.data.path().join("connectors").join(format!("{}.wasm", installed.digest.hex()));
    std::fs::write(&path, packed(&from_fields("(func $attack (drop (i32.const 1)))")?)?).context("the component is replaced")?;
    // A host that has the code in memory doesn't read the file; one that starts later does.
    let later = Headcount::open(world.data.path()).await?.tenant(tenant.id().clone());
    let error = later.check(&connection.id).await.err().context("the other component was run")?;
    Ok(Seen::refusal(&error, started.elapsed()))
}
