//! What a credential is sealed to.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use headcount_model::manifest::Settings;
use headcount_model::{ConnectionId, ConnectorId, CredentialName, Manifest, TenantId};

use super::VaultError;

/// What a credential is entered for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Whose.
    pub tenant: TenantId,
    /// Of what.
    pub owner: Owner,
    /// For which connector.
    pub connector: ConnectorId,
    /// Which field.
    pub field: String,
    /// Where it goes on a request, as text.
    pub placement: String,
    /// Where it may be sent: origins, each with its path prefix, and where tokens are had for it.
    pub hosts: BTreeSet<String>,
    /// What the operator put in place for those hosts.
    pub overrides: Overrides,
}

/// What a credential belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// One connection.
    Connection(ConnectionId),
    /// A credential of the tenant's, for any connection with the same connector, placement and hosts.
    Credential(CredentialName),
}

/// What an operator puts in place of DNS, and beside the system's certificate authorities: whoever holds it can receive what is
/// meant for a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Addresses by host. Ports are left out: they say nothing of who listens.
    pub addresses: BTreeMap<String, IpAddr>,
    /// Hashes of the certificates of further authorities.
    pub authorities: BTreeSet<[u8; 32]>,
}

impl Overrides {
    /// Those that concern the hosts of these URLs.
    fn of(&self, urls: &BTreeSet<String>) -> Self {
        let hosts: BTreeSet<&str> = urls.iter().map(|url| host(url)).collect();
        let addresses = self.addresses.iter().filter(|(host, _)| hosts.contains(host.as_str()));
        Overrides {
            addresses: addresses.map(|(host, address)| (host.clone(), *address)).collect(),
            authorities: self.authorities.clone(),
        }
    }
}

/// The parts of a binding, each with the error for the case that it is another one.
pub(super) const PARTS: [VaultError; 5] =
    [VaultError::Owner, VaultError::Placement, VaultError::Hosts, VaultError::Addresses, VaultError::Authorities];

impl Binding {
    /// The binding of one field under these settings and an operator's overrides.
    pub fn new(
        tenant: TenantId,
        owner: Owner,
        manifest: &Manifest,
        settings: &Settings,
        overrides: &Overrides,
        field: &str,
    ) -> Self {
        let places: Vec<_> = manifest.auth.iter().filter(|place| place.uses(field)).collect();
        // Prints as the same text for the same placements: they have no maps.
        let placement = serde_json::to_string(&places).unwrap_or_default();
        // Settings that lack a part of the token URL open no gate.
        let token_url = manifest.token_url(settings).ok().flatten();
        let hosts: BTreeSet<String> =
            std::iter::once(&settings.base_url).chain(&settings.hosts).chain(&token_url).cloned().collect();
        let overrides = overrides.of(&hosts);
        Binding { tenant, owner, connector: manifest.id.clone(), field: field.to_owned(), placement, hosts, overrides }
    }

    /// The binding of what signs the webhooks of a tenant's channel: to the URL that they go to.
    pub fn of_webhook(tenant: TenantId, channel: ConnectionId, connector: ConnectorId, url: &str, overrides: &Overrides) -> Self {
        let hosts: BTreeSet<String> = [url.to_owned()].into();
        let (field, placement) = ("signing-secret".to_owned(), "standard webhooks signature".to_owned());
        let overrides = overrides.of(&hosts);
        Binding { tenant, owner: Owner::Connection(channel), connector, field, placement, hosts, overrides }
    }

    /// A hash for each of [`PARTS`].
    pub(super) fn tags(&self) -> [[u8; 32]; PARTS.len()] {
        // Of another length each, so that none is ever taken for the other.
        let owner = match &self.owner {
            Owner::Connection(id) => vec![self.tenant.as_str(), id.as_str(), self.connector.as_str(), &self.field],
            Owner::Credential(name) => {
                vec![self.tenant.as_str(), "credential", name.as_str(), self.connector.as_str(), &self.field]
            }
        };
        let addresses = self.overrides.addresses.iter().map(|(host, address)| format!("{host}={address}").into_bytes());
        [
            tag(owner.into_iter().map(|text| text.as_bytes().to_vec())),
            tag([self.placement.clone().into_bytes()]),
            tag(self.hosts.iter().map(|host| host.clone().into_bytes())),
            tag(addresses),
            tag(self.overrides.authorities.iter().map(|authority| authority.to_vec())),
        ]
    }
}

/// The host of an `https://host:port/path`.
fn host(url: &str) -> &str {
    let authority = url.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    authority.split(':').next().unwrap_or_default()
}

/// A hash of items with their lengths before them, so that no two lists look the same.
fn tag(items: impl IntoIterator<Item = Vec<u8>>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("headcount vault v2 binding");
    for item in items {
        hasher.update(&(item.len() as u64).to_le_bytes());
        hasher.update(&item);
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(host: &str, overrides: &Overrides) -> Binding {
        let manifest = crate::egress::tests::manifest();
        let settings = Settings {
            values: Default::default(),
            base_url: format!("https://{host}/v1"),
            hosts: vec!["https://files.example.com:8443/public".to_owned()],
        };
        let owner = Owner::Connection("c".parse().unwrap());
        Binding::new("acme".parse().unwrap(), owner, &manifest, &settings, overrides, "api-key")
    }

    #[test]
    fn a_binding_follows_the_settings_that_form_hosts_with_their_paths() {
        let none = Overrides::default();
        let of = |host| binding(host, &none);
        let hosts: Vec<String> = of("a.example.com").hosts.into_iter().collect();
        assert_eq!(hosts, ["https://a.example.com/v1", "https://files.example.com:8443/public"]);
        assert_ne!(of("a.example.com").tags()[2], of("b.example.com").tags()[2]);
        assert!(of("a.example.com").placement.contains("x-api-key"), "{}", of("a.example.com").placement);
    }

    #[test]
    fn a_secret_user_name_is_bound_to_where_it_goes() {
        let manifest = r#"
id = "example"
name = "Example"
version = "1.0.0"
base-url = "https://api.example.com/v1"
vendor = { name = "Example" }
auth = [{ type = "basic", user = "user", secret = "password" }]
config = [{ name = "user", label = "User", type = "secret" }, { name = "password", label = "Password", type = "secret" }]
feeds = [{ name = "users", proves = ["user"] }]
"#;
        let manifest = Manifest::from_toml(manifest).unwrap();
        let settings = Settings { values: Default::default(), base_url: String::new(), hosts: Vec::new() };
        let (tenant, owner) = ("acme".parse().unwrap(), Owner::Connection("c".parse().unwrap()));
        let bound = Binding::new(tenant, owner, &manifest, &settings, &Overrides::default(), "user");
        assert!(bound.placement.contains("basic"), "{}", bound.placement);
    }

    #[test]
    fn a_credential_of_a_connections_name_is_not_that_connections() {
        let of_connection = binding("a.example.com", &Overrides::default());
        let of_credential = Binding { owner: Owner::Credential("c".parse().unwrap()), ..of_connection.clone() };
        assert_ne!(of_connection.tags()[0], of_credential.tags()[0]);
        assert_eq!(of_connection.tags()[1..], of_credential.tags()[1..]);
    }

    #[test]
    fn only_overrides_of_its_own_hosts_concern_a_binding_but_every_authority_does() {
        let address: IpAddr = "10.0.0.7".parse().unwrap();
        let mut overrides = Overrides::default();
        let before = binding("a.example.com", &overrides);
        overrides.addresses.insert("other.example.com".to_owned(), address);
        assert_eq!(binding("a.example.com", &overrides), before);
        overrides.addresses.insert("files.example.com".to_owned(), address);
        assert_ne!(binding("a.example.com", &overrides).tags()[3], before.tags()[3]);
        overrides.authorities.insert([7; 32]);
        assert_ne!(binding("a.example.com", &overrides).tags()[4], before.tags()[4]);
    }
}
