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
    /// Nanoseconds, less than a microsecond, that were not counted yet: polls may be that short.
    rest: AtomicU64,
    /// Microseconds since the connector last waited for its turn, or a vendor answered.
    slice: AtomicU64,
    /// Microseconds in the slices before, since a vendor last answered.
    burst: AtomicU64,
    /// Bytes that vendors had sent when a burst last ended.
    received: AtomicU64,
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
            rest: AtomicU64::new(0),
            slice: AtomicU64::new(0),
            burst: AtomicU64::new(0),
            received: AtomicU64::new(0),
            queued: AtomicBool::new(false),
            pass: Mutex::new(None),
        })
    }

    /// What the engine does when a tick has passed while the connector computes: goes on, lets others go first, or ends the call.
    pub(super) fn tick(self: &Arc<Self>) -> wasmtime::Result<UpdateDeadline> {
        self.charge(thread_time())?;
        // Another call of the session may have used up what they share.
        if let Some(excess) = self.meter.excess() {
            return Err(excess.into());
        }
        if self.slice.load(Ordering::Relaxed) < SLICE && !self.lost_its_pass() {
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

    fn charge(&self, now: u64) -> Result<(), Excess> {
        let nanos = now.saturating_sub(self.mark.swap(now, Ordering::Relaxed)) + self.rest.load(Ordering::Relaxed);
        self.rest.store(nanos % 1_000, Ordering::Relaxed);
        self.slice.fetch_add(nanos / 1_000, Ordering::Relaxed);
        self.meter.cpu(nanos / 1_000)
    }

    /// It waited within a burst, which cost it its pass: it needs another before it goes on.
    fn lost_its_pass(&self) -> bool {
        let pass = self.pass.lock().unwrap_or_else(PoisonError::into_inner);
        self.burst.load(Ordering::Relaxed) > 0 && pass.is_none()
    }

    fn give_up_pass(&self) {
        let pass = self.pass.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(pass);
    }

    fn poll_begins(&self) {
        self.mark.store(thread_time(), Ordering::Relaxed);
        self.end_burst();
    }

    fn poll_ended(&self) {
        // An excess is latched; whoever reads the result finds it there.
        let _ = self.charge(thread_time());
        self.end_burst();
        if !self.queued.load(Ordering::Relaxed) {
            self.give_up_pass();
        }
    }

    /// Ends the burst if a vendor has answered. A wait alone doesn't: a connector can wait for nothing at all as often as it likes,
    /// and how long that takes says only how many others compute.
    fn end_burst(&self) {
        let received = self.meter.received_bytes();
        if !self.queued.load(Ordering::Relaxed) && self.received.swap(received, Ordering::Relaxed) != received {
            self.slice.store(0, Ordering::Relaxed);
            self.burst.store(0, Ordering::Relaxed);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::Budget;

    fn cpu(turnstile: &Arc<Turnstile>) -> Arc<Cpu> {
        Cpu::new(Meter::new(Budget::default()), Arc::clone(turnstile), "acme".parse().unwrap())
    }

    /// Polls as a connector does that computes and waits for nothing, until it has used up its slice.
    fn breathe(cpu: &Cpu) {
        while cpu.slice.load(Ordering::Relaxed) < SLICE {
            cpu.poll_begins();
            let start = thread_time();
            while thread_time() < start + 100_000 {}
            cpu.poll_ended();
        }
        cpu.poll_begins();
    }

    #[tokio::test]
    async fn a_connector_that_waits_for_nothing_between_short_computations_queues_all_the_same() {
        let turnstile = Turnstile::new(1);
        let cpu = cpu(&turnstile);
        breathe(&cpu);
        let Ok(UpdateDeadline::YieldCustom(_, turn)) = cpu.tick() else { panic!("it goes on") };
        turn.await;
        assert!(matches!(cpu.tick(), Ok(UpdateDeadline::Continue(_))), "it is its turn");
        cpu.poll_ended();
        assert!(cpu.pass.lock().unwrap().is_none(), "a pass is not kept while its holder waits");
        cpu.poll_begins();
        assert!(matches!(cpu.tick(), Ok(UpdateDeadline::YieldCustom(..))), "it goes on without a pass");
    }

    #[tokio::test]
    async fn an_answer_of_the_vendor_ends_a_burst() {
        let turnstile = Turnstile::new(1);
        let cpu = cpu(&turnstile);
        breathe(&cpu);
        cpu.poll_ended();
        cpu.meter.received(1).unwrap();
        cpu.poll_begins();
        assert!(matches!(cpu.tick(), Ok(UpdateDeadline::Continue(_))));
    }

    #[test]
    fn polls_shorter_than_a_microsecond_add_up() {
        let cpu = cpu(&Turnstile::new(1));
        for start in (0..1_000).map(|number| number * 10_000) {
            cpu.mark.store(start, Ordering::Relaxed);
            cpu.charge(start + 600).unwrap();
        }
        assert_eq!(cpu.meter.usage().cpu_micros, 600);
    }
}
