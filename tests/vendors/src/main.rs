//! Starts the four vendors and says how to reach them.

use std::path::PathBuf;

use anyhow::Context;
use clap::Parser;
use headcount_vendors::{Company, Options, Servers, Vendor};

/// Servers that behave like JetBrains Account, Tines, Kandji and JumpCloud, with one invented company at all four.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// How many people the company has, from 1 to 1,000,000.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    people: u32,
    /// The same seed makes the same company.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// The step of the company's life: 0 is as made; each more brings joiners and takes leavers.
    #[arg(long, default_value_t = 0)]
    step: u32,
    /// Where ca.pem is written.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Also listen without TLS.
    #[arg(long)]
    plain_http: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let options = Options { plain_http: arguments.plain_http, ..Options::default() };
    let company = Company::new(arguments.seed, arguments.people);
    let servers = Servers::start(company, options).await?;
    servers.evolve(arguments.step);
    let ca = arguments.dir.join("ca.pem");
    tokio::fs::create_dir_all(&arguments.dir).await.with_context(|| format!("make {}", arguments.dir.display()))?;
    tokio::fs::write(&ca, servers.ca_pem()).await.with_context(|| format!("write {}", ca.display()))?;
    println!("{} people, seed {}. The authority is in {}.\n", arguments.people, arguments.seed, ca.display());
    for vendor in Vendor::ALL {
        let (host, address, key) = (servers.host(vendor), servers.addr(vendor), servers.secret(vendor));
        println!("{}: https://{host} at {address}", vendor.name());
        if let Some(plain) = servers.plain_addr(vendor) {
            println!("  without TLS: http://{plain}");
        }
        println!("  key: {key}");
        for (name, value) in servers.settings(vendor) {
            println!("  {name}: {}", value.as_str().unwrap_or_default());
        }
        let (headers, path) = match vendor {
            Vendor::JetBrains => {
                let code = servers.customer_code(headcount_vendors::Reach::Full);
                (format!("-H 'X-Api-Key: {key}' -H 'X-Customer-Code: {code}'"), "/api/v1/customer/licenses?perPage=2")
            }
            Vendor::Tines => (format!("-H 'Authorization: Bearer {key}'"), "/api/v1/admin/users?per_page=2"),
            Vendor::Kandji => (format!("-H 'Authorization: Bearer {key}'"), "/api/v1/devices?limit=2"),
            Vendor::JumpCloud => (format!("-H 'x-api-key: {key}'"), "/api/systemusers?limit=2&sort=_id"),
        };
        let (port, ca) = (address.port(), ca.display());
        println!("  curl --cacert {ca} --resolve {host}:{port}:127.0.0.1 {headers} 'https://{host}:{port}{path}'\n");
    }
    println!("Ctrl-C stops them.");
    tokio::signal::ctrl_c().await.context("wait for Ctrl-C")
}
