//! The flags that every command takes.

use std::path::PathBuf;

use headcount::ActionRule;
use headcount::sandbox::egress::AllowRule;

use crate::pairs::Pair;

/// The flags that every command takes.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub struct Flags {
    /// The folder with the store, the accepted connectors and the key [default: ./headcount-data]
    #[arg(long, global = true, value_name = "DIR", env = "HEADCOUNT_DATA", hide_env_values = true)]
    pub data: Option<PathBuf>,
    /// Keep the key in the operating system's keyring under NAME, not in the folder
    #[arg(long, global = true, value_name = "NAME", env = "HEADCOUNT_KEYRING", hide_env_values = true)]
    pub keyring: Option<String>,
    /// Whose connections and records [default: default]
    #[arg(long, global = true, value_name = "TENANT", env = "HEADCOUNT_TENANT", hide_env_values = true)]
    pub tenant: Option<String>,
    /// A TOML file with these flags by name
    #[arg(long, global = true, value_name = "FILE", env = "HEADCOUNT_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// Write JSON lines
    #[arg(long, global = true)]
    pub json: bool,
    /// Reach HOST at this address instead of the one its name has; may be repeated
    #[arg(long, global = true, value_name = "HOST=ADDR")]
    pub resolve: Vec<Pair>,
    /// Trust the certificate authorities in this PEM file, too; may be repeated
    #[arg(long, global = true, value_name = "FILE")]
    pub ca: Vec<PathBuf>,
    /// Let connectors reach this machine's loopback addresses
    #[arg(long, global = true)]
    pub allow_loopback: bool,
    /// Let webhooks reach HOST at whatever address it has, one of --resolve included; else only public ones; may be repeated
    #[arg(long, global = true, value_name = "HOST")]
    pub allow_webhook: Vec<String>,
    /// Accept this host in settings though the connector's manifest does not list its ending; may be repeated
    #[arg(long, global = true, value_name = "HOST")]
    pub allow_host: Vec<String>,
    /// Reach vendors through this HTTP proxy; a user's password is taken from HEADCOUNT_PROXY_PASSWORD
    #[arg(long, global = true, value_name = "[USER@]HOST:PORT")]
    pub proxy: Option<String>,
    /// Trust the certificate authorities that came with this program, not this machine's
    #[arg(long, global = true)]
    pub bundled_roots: bool,
    /// Let connectors reach what RULE covers alone: https://api.example.com/v1, "POST https://*.example.com"; may be repeated
    #[arg(long, global = true, value_name = "RULE")]
    pub allow_egress: Vec<AllowRule>,
    /// While writing a policy: let requests out, without credentials, that a manifest denies and --allow-egress covers, and count them
    #[arg(long, global = true)]
    pub let_denied_requests_out: bool,
    /// Forbid actions: *, CONNECTOR[/ACTION], connection:TENANT/CONNECTION[/ACTION] or connection:TENANT/*; may be repeated
    #[arg(long, global = true, value_name = "RULE")]
    pub forbid_actions: Vec<ActionRule>,
    /// Tell more on standard error; -vv and -vvv tell still more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}
