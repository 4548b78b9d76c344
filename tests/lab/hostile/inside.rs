//! A server inside, which nobody may reach: it counts who comes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use tokio::net::TcpListener;

/// A server that counts its connections and closes them.
pub struct Inside {
    /// Where it listens.
    pub address: SocketAddr,
    visits: Arc<AtomicU64>,
}

impl Inside {
    pub(super) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let visits = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&visits);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        Ok(Inside { address, visits })
    }

    /// Connections so far.
    pub fn visits(&self) -> u64 {
        self.visits.load(Ordering::SeqCst)
    }
}
