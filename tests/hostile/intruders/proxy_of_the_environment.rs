//! Sets the variables by which many programs are sent through a proxy: a server that would see every request.

use std::time::Instant;

use anyhow::{Result, ensure};
use headcount::{Draft, Secret};
use tokio::process::Command;

use super::super::seen::Ended;
use super::super::{Seen, World};

const VARIABLES: [&str; 6] = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];

pub(in super::super) async fn proxy_of_the_environment(world: &World) -> Result<Seen> {
    let started = Instant::now();
    let data = tempfile::TempDir::new()?;
    {
        let host = world.another_host(data.path()).await?;
        let hello = host.install(crate::component("hello")?).await?;
        let draft = Draft::new("hello".parse()?, hello.id).secret("api-key", Secret::new("0123456789abcdef".to_owned()));
        host.tenant("victim".parse()?).connect(draft).await?;
    }
    let authority = data.path().join("authority.pem");
    std::fs::write(&authority, world.authority.pem())?;
    let proxy = format!("http://{}", world.inside.address);
    let mut program = Command::new(crate::program()?);
    program.arg("--data").arg(data.path()).args(["--tenant", "victim"]).arg("--ca").arg(authority);
    program.args(["--resolve", &format!("hello.example={}", world.vendor.address), "connection", "check", "hello"]);
    let program = program.env_remove("NO_PROXY").env_remove("no_proxy");
    let ended = program.envs(VARIABLES.map(|variable| (variable, &proxy))).output().await?;
    ensure!(ended.status.success(), "the check failed: {}", String::from_utf8_lossy(&ended.stderr));
    Ok(Seen::only(Ended::Answered, started.elapsed()))
}
