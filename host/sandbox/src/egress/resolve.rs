//! From a host name to the addresses that may be dialled. What is checked here is what is dialled: nobody resolves a second time.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use tokio::sync::OnceCell;

use super::address;
use super::refusal::{Refusal, Wait};
use super::url::Origin;

/// Addresses that are tried at most.
const TRIED: usize = 8;
const PATIENCE: Duration = Duration::from_secs(10);

/// Resolves names, with the operator's own addresses first.
pub(crate) struct Names {
    own: BTreeMap<String, SocketAddr>,
    /// Asked in place of the system's; empty: the system's.
    nameservers: Vec<SocketAddr>,
    allow_loopback: bool,
    /// Read from the system's configuration when the first name needs it.
    pub(super) system: OnceCell<TokioResolver>,
}

impl Names {
    pub fn new(own: BTreeMap<String, SocketAddr>, nameservers: Vec<SocketAddr>, allow_loopback: bool) -> Self {
        let own = own.into_iter().map(|(host, address)| (host.to_ascii_lowercase(), address)).collect();
        Names { own, nameservers, allow_loopback, system: OnceCell::new() }
    }

    /// Whether the operator opened loopback for a host, so that it may be spoken to without TLS.
    pub fn opens_loopback(&self, host: &str) -> bool {
        self.allow_loopback && self.own.get(host).is_some_and(|address| address::is_loopback(address.ip()))
    }

    /// The addresses to dial. One answer that is not public refuses all of them.
    pub async fn addresses(&self, origin: &Origin) -> Result<Vec<SocketAddr>, Refusal> {
        let host = &origin.host;
        if let Some(own) = self.own.get(host) {
            let port = if own.port() == 0 { origin.port } else { own.port() };
            return Ok(vec![SocketAddr::new(own.ip(), port)]);
        }
        let failed = |why: String| Refusal::Resolve { host: host.clone(), why };
        let lookup = async {
            // With the dot at its end, so that no search domain is tried.
            self.system().await.map_err(failed)?.lookup_ip(format!("{host}.")).await.map_err(|error| failed(error.to_string()))
        };
        let found = tokio::time::timeout(PATIENCE, lookup)
            .await
            .map_err(|_| Refusal::Timeout { what: Wait::Resolve, limit: PATIENCE })??;
        self.check(origin, found.iter().map(|ip| SocketAddr::new(ip, origin.port)))
    }

    /// The addresses to dial for a message to a place that a tenant named. What the operator opened for connectors is not open for
    /// it: an address of his own must be public, too, unless he opened the host for messages (`open`).
    pub async fn message_addresses(&self, origin: &Origin, open: bool) -> Result<Vec<SocketAddr>, Refusal> {
        let addresses = self.addresses(origin).await?;
        if !open {
            addresses.iter().try_for_each(|address| closed(origin, address.ip()))?;
        }
        Ok(addresses)
    }

    /// What can be told of that without asking anybody.
    ///
    /// # Errors
    /// The operator gave the host an address of his own that is not public.
    pub fn own_is_public(&self, origin: &Origin) -> Result<(), Refusal> {
        self.own.get(&origin.host).map_or(Ok(()), |own| closed(origin, own.ip()))
    }

    fn check(&self, origin: &Origin, found: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, Refusal> {
        let mut addresses = Vec::new();
        for address in found {
            let open = self.allow_loopback && address::is_loopback(address.ip());
            if let Some(why) = address::refusal(address.ip()).filter(|_| !open) {
                return Err(Refusal::Address { host: origin.host.clone(), address: address.ip(), why });
            }
            addresses.push(address);
        }
        if addresses.is_empty() {
            return Err(Refusal::Resolve { host: origin.host.clone(), why: "the name has no address".to_owned() });
        }
        addresses.truncate(TRIED);
        Ok(addresses)
    }

    async fn system(&self) -> Result<&TokioResolver, String> {
        let build = || async {
            let servers: Vec<NameServerConfig> = self.nameservers.iter().map(nameserver).collect();
            let built = tokio::task::spawn_blocking(move || {
                let mut builder = if servers.is_empty() {
                    TokioResolver::builder_tokio()?
                } else {
                    let config = ResolverConfig::from_name_servers(servers);
                    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
                };
                // All that a name stands for is judged, not only the family that answers first.
                builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
                builder.build()
            })
            .await;
            built.map_err(|error| error.to_string())?.map_err(|error| format!("the system's resolver configuration: {error}"))
        };
        self.system.get_or_try_init(build).await
    }
}

/// That an address is public.
fn closed(origin: &Origin, address: IpAddr) -> Result<(), Refusal> {
    let why = address::refusal(address);
    why.map_or(Ok(()), |why| Err(Refusal::MessageAddress { host: origin.host.clone(), address, why }))
}

/// A name server that is asked over UDP, and over TCP where an answer is too long for that.
fn nameserver(address: &SocketAddr) -> NameServerConfig {
    let at = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    NameServerConfig::new(address.ip(), true, vec![at(ConnectionConfig::udp()), at(ConnectionConfig::tcp())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin { secure: true, host: "api.example.com".to_owned(), port: 443 }
    }

    fn check(allow_loopback: bool, found: &[&str]) -> Result<Vec<SocketAddr>, Refusal> {
        let names = Names::new(BTreeMap::new(), Vec::new(), allow_loopback);
        names.check(&origin(), found.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 443)))
    }

    #[test]
    fn one_private_answer_among_public_ones_refuses_all() {
        assert_eq!(check(false, &["1.1.1.1", "2606:4700::1111"]).unwrap().len(), 2);
        for found in
            [&["1.1.1.1", "10.0.0.1"][..], &["169.254.169.254", "1.1.1.1"], &["1.1.1.1", "::ffff:10.0.0.1"], &["127.0.0.1"]]
        {
            assert!(matches!(check(false, found), Err(Refusal::Address { .. })), "{found:?}");
        }
        assert!(matches!(check(false, &[]), Err(Refusal::Resolve { .. })));
    }

    #[test]
    fn opening_loopback_opens_nothing_else() {
        assert!(check(true, &["127.0.0.1", "::1"]).is_ok());
        assert!(check(true, &["10.0.0.1"]).is_err());
        assert!(check(true, &["169.254.169.254"]).is_err());
    }

    #[tokio::test]
    async fn the_operators_address_stands_in_for_dns_with_its_port() {
        let own = BTreeMap::from([
            ("API.example.com".to_owned(), "127.0.0.1:8443".parse().unwrap()),
            ("b.example.com".to_owned(), "10.0.0.5:0".parse().unwrap()),
        ]);
        let names = Names::new(own, Vec::new(), true);
        assert_eq!(names.addresses(&origin()).await.unwrap(), ["127.0.0.1:8443".parse().unwrap()]);
        let b = Origin { host: "b.example.com".to_owned(), ..origin() };
        assert_eq!(names.addresses(&b).await.unwrap(), ["10.0.0.5:443".parse().unwrap()]);
        assert!(names.opens_loopback("api.example.com") && !names.opens_loopback("b.example.com"));
        assert!(!names.opens_loopback("c.example.com"));
    }

    #[tokio::test]
    async fn what_the_operator_opened_for_connectors_is_not_open_for_messages() {
        let own = |address: &str| BTreeMap::from([("api.example.com".to_owned(), address.parse().unwrap())]);
        for address in ["127.0.0.1:8443", "10.0.0.5:0", "[::1]:443", "169.254.169.254:80"] {
            let names = Names::new(own(address), Vec::new(), true);
            let refused = names.message_addresses(&origin(), false).await;
            assert!(matches!(refused, Err(Refusal::MessageAddress { .. })), "{address}: {refused:?}");
            assert!(names.own_is_public(&origin()).is_err());
            assert!(names.message_addresses(&origin(), true).await.is_ok());
        }
        let names = Names::new(own("1.1.1.1:8443"), Vec::new(), false);
        assert!(names.own_is_public(&origin()).is_ok());
        assert_eq!(names.message_addresses(&origin(), false).await.unwrap(), ["1.1.1.1:8443".parse().unwrap()]);
    }
}
