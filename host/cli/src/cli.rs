//! The command line: what can be typed, in one place.

use clap::{Parser, Subcommand};

use crate::commands::{
    access, action, audit, budget, connection, connector, demo, filter, holders, key, list, mapping, sessions, sync,
};
use crate::config::Flags;
use crate::exit;

/// Who has access to what: syncs users, groups, roles, licenses and grants from SaaS vendors through sandboxed connectors.
#[derive(Debug, Parser)]
#[command(name = "headcount", version, after_help = exit::HELP, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    pub flags: Flags,
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// See everything at work against invented vendors on this machine
    Demo(demo::Args),
    /// Connectors: list, inspect, pack, add, run
    #[command(subcommand)]
    Connector(connector::Command),
    /// Connections: add, edit, list, check, remove
    #[command(subcommand)]
    Connection(connection::Command),
    /// Read connections from their vendors
    Sync(sync::Args),
    /// Fields of accounts: show, set, propose, test, preview, apply
    #[command(subcommand)]
    Mapping(mapping::Command),
    /// Which records are in scope: list, try, add, remove
    #[command(subcommand)]
    Filter(filter::Command),
    /// List users
    Users(list::UserArgs),
    /// List groups
    Groups(list::Args),
    /// List roles
    Roles(list::Args),
    /// List applications
    Apps(list::Args),
    /// List licenses
    Licenses(list::LicenseArgs),
    /// List devices and other assets
    Assets(list::Args),
    /// List grants: who holds what
    Grants(list::Args),
    /// List people: accounts joined by e-mail
    People(list::PeopleArgs),
    /// Everything that a person reaches, and through what
    Access(access::Args),
    /// Who reaches a record
    Holders(holders::Args),
    /// Change something at a vendor: list, preview, do, permit, forbid, history
    Action(action::Args),
    /// What one session may use: show, set
    #[command(subcommand)]
    Budget(budget::Command),
    /// The key that seals credentials: rotate, export, import
    #[command(subcommand)]
    Key(key::Command),
    /// Which requests connectors made, and what the rules made of them
    Audit(audit::Args),
    /// What syncs did, and why
    Sessions(sessions::Args),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once("headcount").chain(line.split_whitespace()))
    }

    #[test]
    fn the_definition_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_stand_before_or_after_the_command() {
        for line in ["--data d --json users", "users --data d --json"] {
            let cli = parse(line).unwrap();
            assert_eq!((cli.flags.data.as_deref(), cli.flags.json), (Some(std::path::Path::new("d")), true));
        }
    }

    #[test]
    fn every_command_of_the_manual_parses() {
        for line in [
            "demo --people 200 --seed 7 --keep",
            "connector list",
            "connector inspect tines.wasm",
            "connector pack in.wasm manifest.toml -o out.wasm",
            "connector add out.wasm --accept",
            "connector schema",
            "connector run tines.wasm --feed members --parent 7 --set tenant-domain=acme.tines.com --secret-file api-key=k --pages 2",
            "connection add tines --id acme --name Acme --set tenant-domain=acme.tines.com --secret-stdin api-key --no-check",
            "connection edit acme --set stack=eu --rename Acme2 --accept-scope",
            "connection credential acme api-key --secret-stdin",
            "connection list",
            "connection check acme",
            "connection remove acme --yes",
            "sync acme other --test",
            "users --connection acme --text ana --status active --admins --gone --limit 5",
            "licenses --free --unused 90 --all --csv",
            "people --minimum 3",
            "access ana@example.com",
            "holders acme group 7",
            "action acme revoke-license --set license=1 --yes",
            "action acme",
            "action acme deactivate --set user-id=1 --preview",
            "action acme deactivate --set user-id=1 --yes --as ana --reason left --key k1",
            "action run history deactivate --yes",
            "action permit acme deactivate reactivate --reason offboarding",
            "action forbid acme",
            "action stop --reason incident",
            "action resume",
            "action history --connection acme --state unknown --limit 5",
            "action show 3",
            "action answers acme --account 7",
            "budget show --connection acme",
            "mapping show acme --toml",
            "mapping set acme products --value license.product_name --each-license --pick all --default none --yes",
            "mapping unset acme products --yes",
            "mapping test acme --account ana@example.com --value user.title",
            "mapping propose acme --all --toml",
            "mapping preview acme mapping.toml",
            "mapping apply acme --standard --yes",
            "mapping edit acme",
            "filter list acme",
            "filter try acme contractors --drop user.department=='Contractors'",
            "filter add acme staff --kind user --keep user.department!='Contractors' --stored remove",
            "filter remove acme staff",
            "budget set memory=128MiB call=2min --connection acme",
            "sessions --connection acme",
            "sessions show 12",
            "sessions diff 12 --all --csv",
            "sessions held --connection acme --all",
            "sessions release 12 --as ana --reason left --yes",
            "sessions reject 12 --yes",
            "sessions undo 12 --yes",
            "connection preferences acme --writes update-only --deactivate never --extent people-only",
            "key rotate --data d",
            "key import --keyring acme",
            "key export --keyring acme --file backup",
            "key export --keyring acme --stdout",
            "audit --connection acme --session 12 --denied --host api.example.com --since 24h --limit 5",
            "audit --all --csv",
            "sync --allow-egress https://api.example.com/v1 --allow-egress https://*.tines.com:8443 --let-denied-requests-out",
        ] {
            parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        for line in [
            "users --all --limit 5",
            "users --status asleep",
            "licenses --expired --suspended",
            "connection add tines --set no-pair",
            "connector run t.wasm",
            "holders acme planet 7",
            "sync --allow-egress https://*",
            "audit --since soon",
            "key import 0123",
            "key export",
            "key export --file backup --stdout",
            "action acme revoke --input {} --set a=b",
            "mapping set acme products --value x --pick all",
            "mapping apply acme",
            "filter add acme staff",
            "filter add acme staff --drop a --keep b",
            "filter add acme staff --drop a --stored burn",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
