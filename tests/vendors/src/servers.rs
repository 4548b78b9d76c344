//! All four vendors, started and steered together.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::books;
use crate::faults::Faults;
use crate::front::{Front, Reach};
use crate::log::{Listener, LoggedRequest};
use crate::server::{Answers, Server, serve};
use crate::switches::Switches;
use crate::tls::Authority;
use crate::truth::{self, Expected};
use crate::wire::{Reply, Request};
use crate::{Company, Vendor, jetbrains, jumpcloud, kandji, tines};

/// How to start the servers.
#[derive(Clone, Debug)]
pub struct Options {
    /// Also serve each vendor without TLS, for people and their tools.
    pub plain_http: bool,
    /// Offer HTTP/2 beside HTTP/1.1.
    pub http2: bool,
    /// The switches to begin with.
    pub switches: Switches,
    /// TLS ports in the order of [`Vendor::ALL`]; 0 lets the system choose.
    pub ports: [u16; 4],
}

impl Default for Options {
    fn default() -> Self {
        Options { plain_http: false, http2: true, switches: Switches::default(), ports: [0; 4] }
    }
}

/// Why the servers did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// No port.
    #[error("listen on a loopback port")]
    Listen(#[from] std::io::Error),
    /// No certificate.
    #[error("make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// No TLS.
    #[error("set up TLS")]
    Tls(#[from] rustls::Error),
}

/// The four running servers. Dropping it stops them.
pub struct Servers {
    company: Company,
    ca: String,
    seats: [Seat; 4],
    jetbrains: Arc<jetbrains::Site>,
    tines: Arc<tines::Site>,
    kandji: Arc<kandji::Site>,
    jumpcloud: Arc<jumpcloud::Site>,
}

/// One vendor's port and tasks.
struct Seat {
    server: Arc<Server>,
    tls: SocketAddr,
    plain: Option<SocketAddr>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

macro_rules! answers {
    ($($site:ty),+) => {
        $(impl Answers for $site {
            fn answer(&self, request: &Request) -> Reply {
                <$site>::answer(self, request)
            }
        })+
    };
}
answers!(jetbrains::Site, tines::Site, kandji::Site, jumpcloud::Site);

impl Servers {
    /// Starts the four vendors of a company. Call it inside a Tokio runtime; the servers run on it.
    ///
    /// # Errors
    /// When a port, a certificate or TLS can't be had.
    pub async fn start(company: Company, options: Options) -> Result<Servers, StartError> {
        let front = |vendor| Arc::new(Front::new(vendor, company.seed(), options.switches.clone()));
        let jetbrains = Arc::new(jetbrains::Site::new(front(Vendor::JetBrains), books::JetBrains::new(company)));
        let tines = Arc::new(tines::Site::new(front(Vendor::Tines), books::Tines::new(company)));
        let kandji = Arc::new(kandji::Site::new(front(Vendor::Kandji), books::Kandji::new(company)));
        let jumpcloud = Arc::new(jumpcloud::Site::new(front(Vendor::JumpCloud), books::JumpCloud::new(company)));
        let sites: [Arc<dyn Answers>; 4] =
            [Arc::clone(&jetbrains) as _, Arc::clone(&tines) as _, Arc::clone(&kandji) as _, Arc::clone(&jumpcloud) as _];
        let authority = Authority::new()?;
        let mut seats = Vec::with_capacity(4);
        for ((vendor, site), port) in Vendor::ALL.into_iter().zip(sites).zip(options.ports) {
            let server = Arc::new(Server { site, faults: Faults::default(), log: Default::default() });
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
            let tls = listener.local_addr()?;
            let acceptor = TlsAcceptor::from(authority.server(vendor, options.http2)?);
            let mut seat = Seat { server, tls, plain: None, tasks: Vec::new() };
            seat.tasks.push(tokio::spawn(serve(Arc::clone(&seat.server), listener, Some(acceptor))));
            if options.plain_http {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
                seat.plain = Some(listener.local_addr()?);
                seat.tasks.push(tokio::spawn(serve(Arc::clone(&seat.server), listener, None)));
            }
            seats.push(seat);
        }
        let seats = seats.try_into().map_err(|_| std::io::Error::other("one server a vendor"))?;
        Ok(Servers { company, ca: authority.pem(), seats, jetbrains, tines, kandji, jumpcloud })
    }

    /// The company as it was started.
    pub fn company(&self) -> &Company {
        &self.company
    }

    /// Where a vendor listens with TLS.
    pub fn addr(&self, vendor: Vendor) -> SocketAddr {
        self.seat(vendor).tls
    }

    /// Where a vendor listens without TLS, if asked for.
    pub fn plain_addr(&self, vendor: Vendor) -> Option<SocketAddr> {
        self.seat(vendor).plain
    }

    /// The authority that signed the certificates.
    pub fn ca_pem(&self) -> &str {
        &self.ca
    }

    /// The host name that clients call.
    pub fn host(&self, vendor: Vendor) -> &'static str {
        vendor.host()
    }

    /// The main API key, which sees all unless [`rescope`](Self::rescope) says otherwise.
    pub fn secret(&self, vendor: Vendor) -> String {
        self.key(vendor, Reach::Full)
    }

    /// The key that was made for a reach. All of them are valid at once, but for the revoked one.
    pub fn key(&self, vendor: Vendor, reach: Reach) -> String {
        self.front(vendor).key(reach)
    }

    /// Makes the main key reach something else from now on.
    pub fn rescope(&self, vendor: Vendor, reach: Reach) {
        self.front(vendor).rescope(reach);
    }

    /// Replaces the main key; the old one is refused. Gives the new one.
    pub fn rotate(&self, vendor: Vendor) -> String {
        self.front(vendor).rotate(&self.secret(vendor))
    }

    /// JetBrains' organisation number, for a key of this reach.
    pub fn customer_code(&self, reach: Reach) -> String {
        self.jetbrains.customer_code(reach)
    }

    /// JumpCloud's organisation id.
    pub fn organization_id(&self) -> String {
        self.jumpcloud.books.read().organization().0
    }

    /// A connector's settings, without its secret.
    pub fn settings(&self, vendor: Vendor) -> Vec<(String, Value)> {
        let setting = |name: &str, value: Value| (name.to_owned(), value);
        match vendor {
            Vendor::JetBrains => vec![setting("customer-code", json!(self.customer_code(Reach::Full)))],
            Vendor::Tines => vec![setting("tenant-domain", json!(vendor.host()))],
            Vendor::Kandji => vec![setting("api-url", json!(format!("https://{}", vendor.host())))],
            Vendor::JumpCloud => {
                let mut settings = vec![setting("region", json!(vendor.host()))];
                if self.front(vendor).switches.read().jumpcloud_multi_tenant {
                    settings.push(setting("organization-id", json!(self.organization_id())));
                }
                settings
            }
        }
    }

    /// The faults of a vendor.
    pub fn faults(&self, vendor: Vendor) -> &Faults {
        &self.seat(vendor).server.faults
    }

    /// The switches as they are.
    pub fn switches(&self) -> Switches {
        self.front(Vendor::JetBrains).switches.read().clone()
    }

    /// Throws switches, at all vendors.
    pub fn switch(&self, change: impl Fn(&mut Switches)) {
        for vendor in Vendor::ALL {
            change(&mut self.front(vendor).switches.write());
        }
    }

    /// What a vendor was asked since the start or the last reset, oldest first; the last 200,000.
    pub fn requests(&self, vendor: Vendor) -> Vec<LoggedRequest> {
        self.seat(vendor).server.log.entries()
    }

    /// Has a vendor tell of each request before it answers, or tell nobody any more.
    pub fn listen(&self, vendor: Vendor, listener: Option<Listener>) {
        self.seat(vendor).server.log.listen(listener);
    }

    /// Forgets what all vendors were asked.
    pub fn reset_requests(&self) {
        self.seats.iter().for_each(|seat| seat.server.log.clear());
    }

    /// Moves the company to a step of its life, at all vendors. What writes changed stays changed.
    pub fn evolve(&self, step: u32) {
        self.jetbrains.evolve(step);
        self.tines.books.write().evolve(step);
        self.kandji.books.write().evolve(step);
        self.jumpcloud.books.write().evolve(step);
    }

    /// What a perfect read of a vendor, as it is now, would keep.
    pub fn truth(&self, vendor: Vendor) -> Expected {
        match vendor {
            Vendor::JetBrains => truth::jetbrains(&self.jetbrains.books.read()),
            Vendor::Tines => truth::tines(&self.tines.books.read()),
            Vendor::Kandji => truth::kandji(&self.kandji.books.read()),
            Vendor::JumpCloud => truth::jumpcloud(&self.jumpcloud.books.read()),
        }
    }

    fn front(&self, vendor: Vendor) -> &Front {
        match vendor {
            Vendor::JetBrains => &self.jetbrains.front,
            Vendor::Tines => &self.tines.front,
            Vendor::Kandji => &self.kandji.front,
            Vendor::JumpCloud => &self.jumpcloud.front,
        }
    }

    fn seat(&self, vendor: Vendor) -> &Seat {
        let [jetbrains, tines, kandji, jumpcloud] = &self.seats;
        match vendor {
            Vendor::JetBrains => jetbrains,
            Vendor::Tines => tines,
            Vendor::Kandji => kandji,
            Vendor::JumpCloud => jumpcloud,
        }
    }
}
