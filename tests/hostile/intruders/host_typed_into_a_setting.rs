//! Types more into a setting that becomes one label of a host: another host, a port, a path, a user name.

use std::time::Instant;

use anyhow::{Result, ensure};
use headcount::Draft;

use super::super::{Seen, World, named};

const TYPED: [&str; 12] =
    ["collector.evil.example/", "127.0.0.1:80/", "a.b", "a@b", "a:8443", "a/b", "a?b", "a#b", "a%2eb", "A b", "\u{430}", "-"];

pub(in super::super) async fn host_typed_into_a_setting(world: &World) -> Result<Seen> {
    let started = Instant::now();
    let attack = named("echo_as_it_is").ok_or_else(|| anyhow::anyhow!("the attack is listed"))?;
    let installed = world.host.install(world.guest(attack)?).await?;
    let tenant = world.host.tenant("host-typed-into-a-setting".parse()?);
    let mut last = None;
    for typed in TYPED {
        let draft = Draft::new("mallory".parse()?, installed.id.clone()).setting("attack", "none").setting("name", typed);
        last = tenant.connect(draft).await.err();
        ensure!(last.is_some(), "{typed:?} was taken as one label of a host");
    }
    let error = last.ok_or_else(|| anyhow::anyhow!("nothing was typed"))?;
    Ok(Seen::refusal(&error, started.elapsed()))
}
