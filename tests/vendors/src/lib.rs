//! HTTP servers that behave like JetBrains Account, Tines, Kandji and JumpCloud, for tests, measurements and demonstrations.
//!
//! One invented [`Company`] has accounts at all four. [`Servers::start`] puts each vendor on a loopback port of its own, over TLS, with
//! a certificate for the vendor's real host name, so that a client runs as it ships: only its resolver and its authorities are told
//! otherwise. [`truth`] says what a perfect read of a vendor would keep, straight from the books and never through HTTP.
//!
//! ```
//! use headcount_vendors::{Company, Options, Servers, Vendor};
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let servers = Servers::start(Company::new(7, 100), Options::default()).await?;
//! println!("{} is at {}", servers.host(Vendor::Tines), servers.addr(Vendor::Tines));
//! assert_eq!(servers.truth(Vendor::JumpCloud).users.len(), 100 + 2);
//! # Ok::<(), headcount_vendors::StartError>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod books;
pub mod company;
pub mod faults;
mod front;
mod guarded;
mod jetbrains;
mod jumpcloud;
mod kandji;
mod log;
mod pages;
mod server;
mod servers;
mod switches;
mod tines;
mod tls;
pub mod truth;
mod vendor;
mod wire;

pub use company::Company;
pub use faults::{Fault, Faults, RetryAfter, Rule};
pub use front::Reach;
pub use log::{Listener, LoggedRequest};
pub use servers::{Options, Servers, StartError};
pub use switches::{Assigned, Switches};
pub use vendor::Vendor;
