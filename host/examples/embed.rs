//! Embeds the host: installs a connector, connects a tenant to a vendor, syncs, and asks who has access to what.
//!
//! `cargo run --release --example embed -- tines.wasm acme.tines.com ana@example.com`, with the API key in `TINES_KEY`.

use std::process::ExitCode;

use headcount::{Compiler, Draft, Headcount, Secret, SyncOptions};

/// The argument with which the host starts this program again, to compile a component where it can do no harm.
const WORKER: &str = "compile-worker";

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(WORKER) {
        return headcount::compile_worker();
    }
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn embed() -> anyhow::Result<()> {
    let [component, domain, email] = arguments()?;
    let worker = Compiler::Worker { program: std::env::current_exe()?, args: vec![WORKER.into()] };
    let host = Headcount::builder("headcount-data").compiler(worker).open().await?;
    let tines = host.install(std::fs::read(component)?).await?;
    let acme = host.tenant("acme".parse()?);
    let draft = Draft::new("tines".parse()?, tines.id)
        .setting("tenant-domain", domain)
        .secret("api-key", Secret::new(std::env::var("TINES_KEY")?));
    let connection = acme.connect(draft).await?;
    let report = acme.sync(&connection.id, &SyncOptions::default()).await?;
    println!("{:?} after {} requests", report.state, report.counters.requests);
    for path in acme.store().access(acme.id(), &email).await? {
        println!("{} in {}", path.target, path.connection);
    }
    Ok(())
}

fn arguments() -> anyhow::Result<[String; 3]> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    given.try_into().map_err(|_| anyhow::anyhow!("usage: embed COMPONENT DOMAIN EMAIL"))
}
