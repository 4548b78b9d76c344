//! Embeds the host: installs a connector, connects a tenant to a vendor, syncs, and asks who has access to what.
//!
//! `cargo run --release --example embed -- tines.wasm acme.tines.com ana@example.com`, with the API key in `TINES_KEY`.

use headcount::{Draft, Headcount, Secret, SyncOptions};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let [component, domain, email] = arguments()?;
    let host = Headcount::open("headcount-data").await?;
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
