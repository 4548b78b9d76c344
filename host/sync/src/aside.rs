//! Work that takes a processor or a disk for a while, on threads where it holds up nobody.

use std::sync::LazyLock;

use tokio::sync::Semaphore;
use tokio::task::{JoinError, spawn_blocking};

/// As many at once. The runtime would start a thread for each of a thousand sessions that begin together, and each keeps memory. So
/// many more than processors that one tenant's long work doesn't hold up everybody's.
static PLACES: LazyLock<Semaphore> = LazyLock::new(|| {
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    Semaphore::new(8 * processors)
});

/// Does work that ends soon on a thread that may block, once there is a place. The place is the work's own: it is given back when
/// the work is done, even if nobody waits for it any more.
///
/// # Errors
/// The work panicked, or the runtime is being shut down.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    // It is never closed.
    let place = PLACES.acquire().await.ok();
    spawn_blocking(move || {
        let _place = place;
        work()
    })
    .await
}
