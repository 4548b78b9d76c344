//! The only code that opens sockets for a connector. The values that carry secrets it gets ready-made from the vault.
//!
//! A request passes, in this order: reading of its URL; the rules; counting; a scan for secrets that the connector should not have;
//! its credential, for which a token may have to be had first; permits, rate and room in the audit trail; resolving, with every
//! address checked and the checked one dialled; sending, over connections that no other tenant or connection shares; decoding and
//! bounding; scrubbing of secrets from the response; recording. Redirects are handed to the connector as they are, and pass all of
//! this again if it follows them.
//!
//! 1. The host makes one [`Egress`] with the operator's settings.
//! 2. Each session makes a [`Gate`] for its connection: rules, credentials, budget.
//! 3. Each call takes [`GateHooks`] from the gate, and gives them to the instance that serves it.

mod address;
mod admission;
mod body;
mod ceiling;
mod decode;
mod dial;
mod event;
mod exchange;
mod forbidden;
#[doc(hidden)]
pub mod fuzzing;
mod gate;
mod hooks;
mod messenger;
mod pace;
mod policy;
mod pool;
mod proxy;
mod rate;
mod refusal;
mod reply;
mod resolve;
mod retry;
mod send;
#[cfg(test)]
pub(crate) mod tests;
mod tls;
mod token;
mod turn;
mod upload;
mod url;
mod waits;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::HeaderValue;
use rustls::ClientConfig;
use rustls_pki_types::CertificateDer;
use tokio::sync::mpsc;

pub use ceiling::{AllowRule, Ceiling, InvalidRule};
pub use gate::{Gate, GateOptions};
pub use headcount_model::{AuditRecord, Decision, RequestEvent};
pub use hooks::GateHooks;
pub use messenger::{LONGEST_MESSAGE, Message};
pub(crate) use pace::Ahead;
pub use policy::{Denial, Mode, Purpose};
pub use proxy::Proxy;
pub use refusal::{Refusal, Wait};
pub(crate) use url::Target;

use crate::engine::capacity;
use crate::vault::{ClientCertificate, Overrides, Tokens};

/// Which certificate authorities are trusted to vouch for vendors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Roots {
    /// Those of this machine, kept up to date with it. `SSL_CERT_FILE` and `SSL_CERT_DIR` say where they are, if somewhere else.
    #[default]
    System,
    /// Mozilla's, as they were when this program was built: for machines without any.
    Bundled,
}

/// The operator's settings. No manifest can change them.
///
/// - `resolve`: none; names are resolved as the system does
/// - `message_hosts`: none; messages of tenants go to public addresses alone
/// - `nameservers`: none; the system's are asked
/// - `roots`: the system's
/// - `extra_ca_pem`: none; the roots alone are trusted
/// - `allow_loopback`: false
/// - `connect_timeout` 10 s, `response_timeout` 60 s, `idle_timeout` 30 s, `keep_alive` 90 s
/// - `max_connections`: two of every three descriptors that the process may have
/// - `proxy`: none, whatever the environment says
/// - `ceiling`: whatever a manifest names; `mode`: what a manifest denies stays where it is
/// - `audit`: none; requests leave no records
#[derive(Clone, Debug)]
pub struct EgressOptions {
    /// Addresses of the operator's own for host names, as curl's `--resolve` has them. They are dialled as they are, be they public
    /// or not, and port 0 means the URL's.
    pub resolve: BTreeMap<String, SocketAddr>,
    /// Hosts that tenants' messages may go to whatever their address: one of the operator's own in `resolve`, too, or loopback
    /// where `allow_loopback` says so. Messages to all others go to public addresses alone.
    pub message_hosts: BTreeSet<String>,
    /// Name servers that are asked in place of the system's. What they answer is held to the same rules.
    pub nameservers: Vec<SocketAddr>,
    /// The certificate authorities that are trusted.
    pub roots: Roots,
    /// Further ones in PEM, trusted beside these.
    pub extra_ca_pem: Vec<String>,
    /// Names may stand for this machine, and a host that `resolve` puts on this machine may be spoken to without TLS.
    pub allow_loopback: bool,
    /// The `User-Agent` of every request.
    pub user_agent: String,
    /// For a connection to stand, TLS included.
    pub connect_timeout: Duration,
    /// For the first byte of a response.
    pub response_timeout: Duration,
    /// For the next bytes of a response.
    pub idle_timeout: Duration,
    /// For which an unused connection is kept.
    pub keep_alive: Duration,
    /// How many connections may be open at once, for all tenants; none: what the machine holds. Further requests wait in turn by
    /// tenant.
    pub max_connections: Option<u32>,
    /// The HTTP proxy that everything goes through. It is asked for the addresses that were checked, never for names.
    pub proxy: Option<Proxy>,
    /// What is allowed at most, whatever a manifest names.
    pub ceiling: Ceiling,
    /// What becomes of requests that a manifest denies.
    pub mode: Mode,
    /// Where a record of each request goes, of denied ones, too. While it is full, requests wait for room, and past their deadline
    /// fail: whoever receives must go on receiving.
    pub audit: Option<mpsc::Sender<AuditRecord>>,
}

impl Default for EgressOptions {
    fn default() -> Self {
        EgressOptions {
            resolve: BTreeMap::new(),
            message_hosts: BTreeSet::new(),
            nameservers: Vec::new(),
            roots: Roots::default(),
            extra_ca_pem: Vec::new(),
            allow_loopback: false,
            user_agent: concat!("headcount/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            response_timeout: Duration::from_secs(60),
            idle_timeout: Duration::from_secs(30),
            keep_alive: Duration::from_secs(90),
            max_connections: None,
            proxy: None,
            ceiling: Ceiling::default(),
            mode: Mode::default(),
            audit: None,
        }
    }
}

impl EgressOptions {
    /// What stands in place of DNS and beside the system's authorities. Credentials are bound to it.
    ///
    /// # Errors
    /// A certificate authority can't be read.
    pub fn overrides(&self) -> Result<Overrides, EgressError> {
        let addresses = self.resolve.iter().map(|(host, address)| (host.to_ascii_lowercase(), address.ip())).collect();
        let authorities = tls::authorities(&self.extra_ca_pem)?;
        let authorities = authorities.iter().map(|authority| *blake3::hash(authority).as_bytes()).collect();
        Ok(Overrides { addresses, authorities })
    }
}

/// Why there can be no egress, or no gate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EgressError {
    /// A certificate authority that is none.
    #[error("a certificate authority of the operator can't be read: {0}")]
    Authority(String),
    /// Nothing to check vendors' certificates with.
    #[error(
        "this machine has no certificate authorities: install its ca-certificates package, choose the bundled ones, or name one for egress"
    )]
    NoRoots,
    /// The user agent can't be sent.
    #[error("{0:?} can't be a User-Agent")]
    UserAgent(String),
    /// The proxy can't be used.
    #[error("the proxy {0:?} can't be used: {1}; write it like proxy.example.com:3128")]
    Proxy(String, String),
    /// The settings name no place that requests could go to.
    #[error("{0:?} in the settings can't be a base URL or host: {1}")]
    Settings(String, String),
    /// The operator does not allow the base URL.
    #[error("the operator does not allow {0}; this line of the configuration would: allow-egress = [\"{0}\"]")]
    Ceiling(String),
    /// A credential that is missing or can't be sent.
    #[error("the secret {field} {why}")]
    Credential {
        /// Which field.
        field: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Opens connections for all gates, keeps them, and paces them. One for a whole host.
pub struct Egress {
    options: EgressOptions,
    names: resolve::Names,
    paces: pace::Paces,
    pool: Arc<pool::Pool>,
    tokens: Tokens,
    user_agent: HeaderValue,
    authorities: Vec<CertificateDer<'static>>,
    proxy: Option<proxy::Way>,
    /// Records that found no room in the audit trail.
    lost: AtomicU64,
    /// Made when first needed, as a machine may have no roots and no need of them.
    tls: OnceLock<Result<ClientConfig, EgressError>>,
}

impl Egress {
    /// Egress with the operator's settings.
    ///
    /// # Errors
    /// A certificate authority or the user agent can't be used.
    pub fn new(options: EgressOptions) -> Result<Arc<Self>, EgressError> {
        let user_agent =
            HeaderValue::from_str(&options.user_agent).map_err(|_| EgressError::UserAgent(options.user_agent.clone()))?;
        let authorities = tls::authorities(&options.extra_ca_pem)?;
        let proxy = options.proxy.as_ref().map(proxy::Way::new).transpose()?;
        let names = resolve::Names::new(options.resolve.clone(), options.nameservers.clone(), options.allow_loopback);
        let most = options.max_connections.unwrap_or_else(capacity::connections);
        let pool = pool::Pool::new(options.keep_alive, most as usize);
        let paces = pace::Paces::default();
        if options.mode == Mode::Count {
            tracing::warn!("what manifests deny is let out without credentials where the operator's rules cover it, and counted");
        }
        let (tokens, lost, tls) = (Tokens::default(), AtomicU64::new(0), OnceLock::new());
        Ok(Arc::new(Egress { options, names, paces, pool, tokens, user_agent, authorities, proxy, lost, tls }))
    }

    /// A gate for one session of one connection. The first one reads the system's certificate authorities, which takes milliseconds.
    ///
    /// # Errors
    /// A credential is missing or can't be sent, the settings name no place to go to, the operator does not allow the base URL's
    /// host, or there are no certificate authorities.
    pub fn gate(self: &Arc<Self>, options: GateOptions) -> Result<Arc<Gate>, EgressError> {
        Gate::new(self.clone(), options).map(Arc::new)
    }

    /// What the operator allows.
    pub fn ceiling(&self) -> &Ceiling {
        &self.options.ceiling
    }

    /// Notes that a record was lost. Told at the 1st, 2nd, 4th, 8th, …, so that the log is no way to flood.
    fn unrecorded(&self) {
        let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
        if lost.is_power_of_two() {
            tracing::error!(lost, "the audit trail is full or closed: records of requests that were given up are lost");
        }
    }

    fn tls(&self, certificate: Option<&(String, ClientCertificate)>) -> Result<Arc<ClientConfig>, EgressError> {
        let made = self.tls.get_or_init(|| tls::config(self.options.roots, &self.authorities));
        tls::apart(made.as_ref().map_err(EgressError::clone)?, certificate)
    }
}
