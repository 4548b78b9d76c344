//! Time on a processor. It is counted where it is spent, inside polls of the connector's call, by the thread's own clock: counting
//! the engine's ticks would charge a connector for time in which it waited.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use headcount_model::TenantId;
use rustix::time::{ClockId, clock_gettime};
use wasmtime::UpdateDeadline;

use crate::budget::{Excess, Meter};
use crate::engine::{Pass, Turnstile};

/// How long a connector computes before others get their turn, in microseconds. Reading a page rarely takes longer.
const SLICE: u64 = 2_000;

/// One instance's time on a processor.
pub(super) struct Cpu {
    meter: Arc<Meter>,
    turnstile: Arc<Turnstile>,
    tenant: TenantId,
    /// The thread's clock when time was last counted, in nanoseconds.
    mark: AtomicU64,
    /// Microseconds since the connector last waited for its turn, or for something of its own.
    slice: AtomicU64,
    /// Microseconds in the slices before, since it last waited for something of its own.
    burst: AtomicU64,
    /// It waits for its turn, not for something of its own.
    queued: AtomicBool,
    pass: Mutex<Option<Pass>>,
}

impl Cpu {
    pub(super) fn new(meter: Arc<Meter>, turnstile: Arc<Turnstile>, tenant: TenantId) -> Arc<Self> {
        Arc::new(Cpu {
            meter,
            turnstile,
            tenant,
            mark: AtomicU64::new(0),
            slice: AtomicU64::new(0),
            burst: AtomicU64::new(0),
            queued: AtomicBool::new(false),
            pass: Mutex::new(None),
        })
    }

    /// What the engine does when a tick has passed while the connector computes: goes on, lets others go first, or ends the call.
    pub(super) fn tick(self: &Arc<Self>) -> wasmtime::Result<UpdateDeadline> {
        self.charge()?;
        // Another call of the session may have used up what they share.
        if let Some(excess) = self.meter.excess() {
            return Err(excess.into());
        }
        if self.slice.load(Ordering::Relaxed) < SLICE {
            return Ok(UpdateDeadline::Continue(1));
        }
        let used = self.slice.swap(0, Ordering::Relaxed);
        let burst = self.burst.fetch_add(used, Ordering::Relaxed).saturating_add(used);
        self.queued.store(true, Ordering::Relaxed);
        self.give_up_pass();
        let cpu = Arc::clone(self);
        Ok(UpdateDeadline::YieldCustom(
            1,
            Box::pin(async move {
                // Let this thread's other tasks run even where nobody else wants to compute.
                tokio::task::yield_now().await;
                let pass = cpu.turnstile.enter(&cpu.tenant, used, burst).await;
                *cpu.pass.lock().unwrap_or_else(PoisonError::into_inner) = Some(pass);
                cpu.queued.store(false, Ordering::Relaxed);
            }),
        ))
    }

    fn charge(&self) -> Result<(), Excess> {
        let mark = self.mark.load(Ordering::Relaxed);
        let micros = thread_time().saturating_sub(mark) / 1_000;
        self.mark.store(mark + micros * 1_000, Ordering::Relaxed);
        self.slice.fetch_add(micros, Ordering::Relaxed);
        self.meter.cpu(micros)
    }

    fn give_up_pass(&self) {
        let pass = self.pass.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(pass);
    }

    fn poll_begins(&self) {
        self.mark.store(thread_time(), Ordering::Relaxed);
    }

    fn poll_ended(&self) {
        // An excess is latched; whoever reads the result finds it there.
        let _ = self.charge();
        if !self.queued.load(Ordering::Relaxed) {
            self.slice.store(0, Ordering::Relaxed);
            self.burst.store(0, Ordering::Relaxed);
            self.give_up_pass();
        }
    }
}

/// A call whose polls are counted.
pub(super) struct Metered<'a, T> {
    call: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
    cpu: Arc<Cpu>,
}

impl<'a, T> Metered<'a, T> {
    pub(super) fn new(cpu: &Arc<Cpu>, call: impl Future<Output = T> + Send + 'a) -> Self {
        Metered { call: Box::pin(call), cpu: Arc::clone(cpu) }
    }
}

impl<T> Future for Metered<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        self.cpu.poll_begins();
        let polled = self.call.as_mut().poll(context);
        self.cpu.poll_ended();
        polled
    }
}

impl<T> Drop for Metered<'_, T> {
    fn drop(&mut self) {
        self.cpu.queued.store(false, Ordering::Relaxed);
        self.cpu.give_up_pass();
    }
}

/// What this thread has computed so far, in nanoseconds.
fn thread_time() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}
