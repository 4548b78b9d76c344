//! The command line: what can be typed, in one place.

use clap::{Parser, Subcommand};

use crate::commands::{
    access, action, admins, audit, budget, catalogue, changes, connection, connector, credential, demo, export, filter, health,
    holders, key, leavers, licenses, list, mapping, notices, people, schedule, serve, sessions, shared, sync,
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
    /// Connections: add, edit, list, show, check, launch, pause, resume, remove
    #[command(subcommand)]
    Connection(connection::Command),
    /// Credentials that several connections use: add, share, list, use, rotate, remove
    #[command(subcommand)]
    Credential(credential::Command),
    /// Values that several connections' settings refer to: set, list, remove
    #[command(subcommand)]
    Shared(shared::Command),
    /// Read connections from their vendors
    Sync(sync::Args),
    /// Fields of accounts: show, set, propose, test, preview, apply
    #[command(subcommand)]
    Mapping(mapping::Command),
    /// Which records are in scope: list, try, add, remove
    #[command(subcommand)]
    Filter(filter::Command),
    /// Run connections when they are due, and send notices, until it is stopped
    Serve(serve::Args),
    /// Whether the server of the data folder lives and works, for probes
    Health(health::Args),
    /// When connections run by themselves: show, set, pause, resume
    #[command(subcommand)]
    Schedule(schedule::Command),
    /// What people were told, and where notices are sent
    #[command(subcommand)]
    Notices(notices::Command),
    /// List users
    Users(list::UserArgs),
    /// List groups
    Groups(list::Args),
    /// List roles
    Roles(list::Args),
    /// List applications
    Apps(list::Args),
    /// List licenses
    Licenses(licenses::Args),
    /// List devices and other assets
    Assets(list::Args),
    /// List grants: who holds what
    Grants(list::Args),
    /// People: list, show, link, unlink, merge, and what to look at
    People(people::Args),
    /// Who left according to the directory, but still has access
    Leavers(leavers::Args),
    /// Who may administer what, and through what
    Admins(admins::Args),
    /// Everything that a person reaches, and through what
    Access(access::Args),
    /// Who reaches a record
    Holders(holders::Args),
    /// The software that is in use, and to which of it connections belong
    #[command(subcommand)]
    Catalogue(catalogue::Command),
    /// Write collections as JSON Lines, CSV or Parquet
    Export(export::Args),
    /// What changed since a number
    Changes(changes::Args),
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
            "connector new acme --path connectors/acme --sdk ../headcount/connectors/sdk",
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
            "connection remove acme --yes --purge",
            "connection remove acme --keep-records",
            "connection add tines --draft --owner Ana --contact ana@example.com --credential all --set domain=@company",
            "connection edit acme --owner Ana --contact ana@example.com --contact bo@example.com",
            "connection edit acme --no-contacts",
            "connection show acme",
            "connection launch acme",
            "connection pause acme --why holidays",
            "connection pause acme --after-sync",
            "health --alive",
            "notices deliveries --withheld",
            "--allow-webhook hooks.acme.example serve",
            "connection resume acme",
            "credential add all tines --set tenant-domain=acme.tines.com --secret-stdin api-key",
            "credential share acme all",
            "credential list",
            "credential use all acme",
            "credential rotate all --secret-file api-key=k",
            "credential remove all",
            "shared set company acme.tines.com",
            "shared list",
            "shared remove company",
            "sync acme other --test",
            "sync acme --now",
            "serve --at-once 4 --each-tenant 1",
            "schedule show",
            "schedule show acme --json",
            "schedule set acme --daily",
            "schedule set acme --every 6h",
            "schedule set acme --cron 30-6-*-*-1-5 --zone Europe/Berlin",
            "schedule pause acme",
            "schedule resume acme",
            "notices list --unread --connection acme --limit 5",
            "notices show 3",
            "notices read 3 4",
            "notices read --all",
            "notices channel add webhook ops https://hooks.example.com/x --secret-stdin",
            "notices channel add email people ana@example.com ben@example.com",
            "notices channel list",
            "notices channel remove ops",
            "notices deliveries --dead",
            "notices redeliver 3",
            "notices send",
            "users --connection acme --text ana --status active --admins --gone --limit 5",
            "licenses --free --unused 90 --all --csv",
            "people --minimum 3",
            "people show ana@example.com",
            "people conflicts --connection acme",
            "people unlinked --text ana",
            "people link acme 7 p12 --as ana --reason asked",
            "people link acme 7 --new",
            "people unlink acme 7",
            "people merge p12 p13",
            "people confirm acme",
            "leavers --all",
            "admins --status active",
            "licenses --by-product --unused 30",
            "catalogue list",
            "catalogue add suite --name Suite --vendor Us",
            "catalogue assign acme suite",
            "export users --format parquet --output users.parquet",
            "export all --format csv -o dir --gone --raw",
            "changes --after 12 --follow --kind person --what created",
            "connection edit acme --directory",
            "connection edit acme --directory --yes",
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
            "schedule set acme",
            "schedule set acme --daily --every 6h",
            "schedule set acme --daily --zone Europe/Berlin",
            "schedule set acme --every soon",
            "notices read",
            "notices read 3 --all",
            "sync acme --now --test",
            "users --status asleep",
            "licenses --expired --suspended",
            "licenses --by-product --free",
            "licenses --unused 99999999",
            "people link acme 7",
            "people link acme 7 p12 --new",
            "export planets -o x",
            "export users",
            "connection edit acme --directory --no-directory",
            "connection edit acme --rename Acme2 --yes",
            "connection add tines --set no-pair",
            "connector run t.wasm",
            "connection remove acme --keep-records --purge",
            "connection edit acme --contact nobody",
            "shared set Company x",
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
