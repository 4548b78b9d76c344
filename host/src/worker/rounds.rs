//! What a worker looks after besides running: schedules for new connections, runs that were missed or are paused, runs that take
//! too long, and reminders.

use headcount_model::{ConnectionId, TenantId, Timestamp};
use headcount_store::{Cause, NewNotice, Planned, Rhythm};
use headcount_sync::schedule;

use super::options::Happening;
use super::run::Runner;
use crate::Error;
use crate::clock::{after, before};

/// Rows that are looked at in one question.
const BATCH: u32 = 256;
/// Batches in one turn; what is left is the next turn's.
const BATCHES: u32 = 40;
const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

impl Runner {
    /// Gives active connections without a schedule the default one.
    pub async fn plan(&self, now: Timestamp) -> Result<u32, Error> {
        let mut planned = 0;
        for _ in 0..BATCHES {
            let batch = self.host.store().unscheduled(BATCH).await?;
            for (tenant, connection) in &batch {
                let rhythm = Rhythm::default();
                let next = self.next(&rhythm, tenant, connection, now);
                match self.host.store().add_schedule(tenant, connection, &rhythm, next).await {
                    // Removed meanwhile.
                    Err(headcount_store::StoreError::NoConnection { .. }) => {}
                    // One that a person set meanwhile stays.
                    added => planned += u32::from(added?),
                }
            }
            if batch.len() < BATCH as usize {
                break;
            }
        }
        Ok(planned)
    }

    /// Notes each run that did not start in time, once, and puts it off to a time of its own.
    pub async fn miss(&self, now: Timestamp, not_before: Timestamp) -> Result<u32, Error> {
        let mut missed = 0;
        for _ in 0..BATCHES {
            let batch = self.host.store().overdue(not_before, BATCH).await?;
            for one in &batch {
                let (tenant, connection) = (&one.tenant, &one.connection);
                let next = self.next(&one.rhythm, tenant, connection, now);
                // A regular run that comes sooner does as well.
                let caught_up_at = schedule::catch_up(tenant, connection, now, self.options.catch_up).min(next.due_at);
                let notice = NewNotice {
                    tenant: tenant.clone(),
                    connection: connection.clone(),
                    cause: Cause::NotStarted,
                    session: None,
                    at: now,
                    what: format!("the run of {connection} that was planned for {} did not start", one.planned_at),
                    next: format!("it is caught up with at {caught_up_at}; see that `headcount serve` keeps running"),
                };
                if self.host.store().miss(one, caught_up_at, &notice).await? {
                    missed += 1;
                    let (tenant, connection, planned_at) = (tenant.clone(), connection.clone(), one.planned_at);
                    self.tell(&Happening::Missed { tenant, connection, planned_at, caught_up_at });
                }
            }
            if batch.len() < BATCH as usize {
                break;
            }
        }
        Ok(missed)
    }

    /// Lets the times of paused schedules and inactive connections pass without a word.
    pub async fn skip_lapsed(&self, now: Timestamp) -> Result<(), Error> {
        for _ in 0..BATCHES {
            let batch = self.host.store().lapsed(now, BATCH).await?;
            for one in &batch {
                let next = self.next(&one.rhythm, &one.tenant, &one.connection, now);
                self.host.store().skip(one, next).await?;
            }
            if batch.len() < BATCH as usize {
                break;
            }
        }
        Ok(())
    }

    /// Tells of runs that were taken and don't start, and of those that take too long, and reminds of removals that wait.
    pub async fn watch(&self, now: Timestamp) -> Result<u32, Error> {
        let store = self.host.store();
        let overran = store.raise_overrun(before(now, self.options.overrun), now).await?;
        let unstarted = store.raise_unstarted(before(now, self.options.grace.saturating_add(schedule::JITTER)), now).await?;
        let mut told = u32::try_from(overran.saturating_add(unstarted)).unwrap_or(u32::MAX);
        told += self.host.look_after_holds(now).await?;
        Ok(told)
    }

    /// The next run. A rhythm that can't be used any more (another version's time zones) runs daily rather than never.
    pub fn next(&self, rhythm: &Rhythm, tenant: &TenantId, connection: &ConnectionId, now: Timestamp) -> Planned {
        schedule::next(rhythm, tenant, connection, now).unwrap_or_else(|error| {
            tracing::error!(%tenant, %connection, %error, "the schedule can't be followed: running daily until it is set anew");
            let tomorrow = after(now, DAY);
            schedule::next(&Rhythm::Daily, tenant, connection, now).unwrap_or(Planned { planned_at: tomorrow, due_at: tomorrow })
        })
    }
}
