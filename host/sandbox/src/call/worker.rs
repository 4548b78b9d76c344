//! A task that owns one instance. It serves a call, waits a moment for the next, and ends with its instance. A panic in the host's
//! code ends this task and nothing else.

use std::sync::Arc;
use std::time::Duration;

use headcount_model::Failure;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Session;
use super::clean::clean;
use super::cpu::{Cpu, Metered};
use super::job::{Answer, Job, aside};
use super::paced;
use super::state::{Instance, instantiate, store};
use super::trap;
use crate::egress::Ahead;
use crate::engine::Core;
use crate::error::CallError;
use crate::fair::Permit;

type Sender = oneshot::Sender<Result<Answer, CallError>>;
/// A job, where its answer goes, and the turn of its first request.
pub(super) type Order = (Job, Sender, Option<Ahead>);

/// The task. Dropping this ends it at its next await, and the connector at its next tick.
pub(super) struct Worker {
    jobs: mpsc::Sender<Order>,
    task: JoinHandle<()>,
}

impl Worker {
    /// Starts the task. It holds its room until it has ended.
    pub(super) fn spawn(core: Arc<Core>, session: Arc<Session>, room: Permit) -> Self {
        let (jobs, mut queue) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            let _room = room;
            if let Some(first) = queue.recv().await {
                serve(&core, &session, first, &mut queue).await;
            }
        });
        Worker { jobs, task }
    }

    /// Gives it a job. Comes back if the task has ended.
    pub(super) fn give(&self, order: Order) -> Result<(), Order> {
        self.jobs.try_send(order).map_err(|error| error.into_inner())
    }

    /// Ends it after its answer, and waits until its instance has given back what it held.
    pub(super) async fn end(mut self) {
        // With nobody left to give it jobs, it returns.
        self.jobs = mpsc::channel(1).0;
        if !self.task.is_finished() {
            // How it ended matters to nobody any more.
            let _ = (&mut self.task).await;
        }
    }

    /// Why it ended without an answer.
    pub(super) async fn post_mortem(&mut self) -> CallError {
        match (&mut self.task).await {
            Err(error) if error.is_panic() => CallError::Host("its own code panicked during the call".to_owned()),
            _ => CallError::Host("the call was ended".to_owned()),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(core: &Core, session: &Arc<Session>, first: Order, queue: &mut mpsc::Receiver<Order>) {
    let _ticking = core.ticker.ticking();
    let cpu = Cpu::new(Arc::clone(&session.meter), Arc::clone(&core.turnstile), session.tenant.clone());
    let (mut job, mut sender, ahead) = first;
    let mut store = store(core, session, &cpu, job.purpose(), ahead);
    let guest = match instantiate(session, &cpu, &mut store).await {
        Ok(guest) => guest,
        Err(error) => {
            // Nobody may listen any more; then nobody needs to know.
            let _ = sender.send(Err(trap::reason(&error, &session.meter, store.data().tail())));
            return;
        }
    };
    let mut instance = Instance { store, guest };
    loop {
        let acts = job.acts();
        let called = Metered::new(&cpu, job.ask(&mut instance, &session.meter)).await;
        let trapped = called.is_err();
        instance.store.data_mut().end();
        let tail = instance.store.data().tail();
        let answer = match called {
            // What the connector says after an excess is its way of saying that.
            Ok(answer) => match session.meter.excess() {
                Some(excess) => Err(excess.into()),
                // A secret found in an earlier page may stand in this one: the instance may have kept it.
                None if session.gate.scrubbed() > 0 => answer.and_then(Answer::without_overwritten_ids),
                None => answer,
            },
            Err(error) => Err(trap::reason(&error, &session.meter, tail)),
        };
        let mut answer = judge(answer, acts, session.gate.token_failure(), instance.store.data().paced(), session.gate.held());
        if let Some(scrubber) = session.gate.scrubber()
            && aside(|| clean(&mut answer, &scrubber))
        {
            answer = answer.and_then(Answer::without_overwritten_ids);
        }
        let usable = !trapped && matches!(&answer, Ok(_) | Err(CallError::Failure(_)));
        if sender.send(answer).is_err() || !usable {
            return;
        }
        // A job may arrive while the wait ends: closing first tells which.
        let next = match timeout(core.keep_instance, queue.recv()).await {
            Ok(next) => next,
            Err(_) => {
                queue.close();
                queue.try_recv().ok()
            }
        };
        let Some(next) = next else { return };
        let ahead;
        (job, sender, ahead) = next;
        instance.store.data_mut().begin(job.purpose(), ahead);
    }
}

/// What a call gives in the end. Whatever the connector makes of requests that fail for want of a token, or have to wait: that is why.
/// But what an action did it has done.
fn judge(
    answer: Result<Answer, CallError>,
    acts: bool,
    no_token: Option<Failure>,
    paced: Option<Duration>,
    held: Duration,
) -> Result<Answer, CallError> {
    match (answer, no_token) {
        (Err(CallError::Excess(excess)), _) => Err(excess.into()),
        (Ok(answer), Some(_)) if acts => Ok(answer),
        (_, Some(failure)) => Err(failure.into()),
        (answer, None) => paced::judge(answer, acts, paced, held),
    }
}

/// Makes an instance under all limits and drops it.
pub(super) async fn instantiate_for_bench(core: &Core, session: &Arc<Session>) -> Result<(), CallError> {
    let _ticking = core.ticker.ticking();
    let cpu = Cpu::new(Arc::clone(&session.meter), Arc::clone(&core.turnstile), session.tenant.clone());
    let mut store = store(core, session, &cpu, crate::egress::Purpose::Read, None);
    let made = instantiate(session, &cpu, &mut store).await;
    made.map(drop).map_err(|error| trap::reason(&error, &session.meter, store.data().tail()))
}

#[cfg(test)]
mod tests {
    use headcount_model::FailureCode;

    use super::*;

    fn judged(answer: Result<Answer, CallError>, acts: bool) -> Result<Answer, CallError> {
        let failure = Failure::new(FailureCode::Unauthenticated, "no token");
        judge(answer, acts, Some(failure), Some(Duration::from_secs(90)), Duration::ZERO)
    }

    #[test]
    fn a_call_without_a_token_ends_with_the_reason_but_an_action_that_was_done_is_done() {
        let done = || Ok(Answer::Memories(Vec::new()));
        let says = || Err(Failure::new(FailureCode::UnexpectedResponse, "no").into());
        for (answer, acts) in [(done(), false), (says(), false), (says(), true)] {
            let judged = judged(answer, acts);
            assert!(matches!(judged, Err(CallError::Failure(failure)) if failure.code == FailureCode::Unauthenticated));
        }
        assert!(judged(done(), true).is_ok());
    }
}
