//! The engine's clock: one thread that lets time pass for connectors, only while one runs, so that an idle host sleeps.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use wasmtime::Engine;

/// How often a connector that computes is looked at.
const TICK: Duration = Duration::from_millis(1);

/// The clock. Stops when dropped.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
}

/// Time passes while one of these lives.
pub(crate) struct Ticking {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    running: Mutex<Running>,
    changed: Condvar,
}

#[derive(Default)]
struct Running {
    instances: usize,
    stopped: bool,
}

impl Ticker {
    /// Starts the thread.
    pub(super) fn start(engine: &Engine) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (engine, thread) = (engine.weak(), Arc::clone(&shared));
        std::thread::Builder::new().name("headcount-ticker".to_owned()).spawn(move || {
            loop {
                let running = thread.running.lock().unwrap_or_else(PoisonError::into_inner);
                let idle = |running: &mut Running| running.instances == 0 && !running.stopped;
                let running = thread.changed.wait_while(running, idle).unwrap_or_else(PoisonError::into_inner);
                if running.stopped {
                    return;
                }
                drop(running);
                std::thread::sleep(TICK);
                let Some(engine) = engine.upgrade() else { return };
                engine.increment_epoch();
            }
        })?;
        Ok(Ticker { shared })
    }

    /// Lets time pass until the guard is dropped.
    pub(crate) fn ticking(&self) -> Ticking {
        self.shared.running.lock().unwrap_or_else(PoisonError::into_inner).instances += 1;
        self.shared.changed.notify_one();
        Ticking { shared: Arc::clone(&self.shared) }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.running.lock().unwrap_or_else(PoisonError::into_inner).stopped = true;
        self.shared.changed.notify_one();
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.shared.running.lock().unwrap_or_else(PoisonError::into_inner).instances -= 1;
    }
}
