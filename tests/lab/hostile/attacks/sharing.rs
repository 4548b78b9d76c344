//! Connections and sessions of TLS that another tenant, or another host, made.

use anyhow::ensure;

use super::super::{Attack, End, intruders, twins};

pub(super) const ATTACKS: &[Attack] = &[
    Attack::check("two_hosts_over_one_connection", End::Says("asked both"))
        .manifest(|manifest| {
            let urls = twins::NAMES.map(|host| format!("https://{host}/v1"));
            manifest.hosts = urls.iter().filter_map(|url| url.parse().ok()).collect();
        })
        .afterwards(|world| {
            let [one, two] = twins::NAMES.map(|host| world.twins.connections(host));
            ensure!(one.len() == 2 && two.len() == 1, "{} and {} requests came", one.len(), two.len());
            ensure!(one.iter().all(|connection| !two.contains(connection)), "two hosts share a connection");
            Ok(())
        }),
    Attack::intruder(
        "connection_of_another_tenant",
        |world| Box::pin(intruders::connection_of_another_tenant(world)),
        End::Says("asked twice"),
    ),
    Attack::intruder(
        "ticket_of_another_tenant",
        |world| Box::pin(intruders::ticket_of_another_tenant(world)),
        End::Says("asked twice"),
    ),
];
