//! Removals that wait for a person: looked at, released, turned down, undone.

use headcount_model::{ConnectionId, SessionId, TenantId, Timestamp};
use headcount_store::{
    Cause, Decided, Decision, DiffRow, Hold, NewNotice, Outcome, Preferences, REMINDED_ON_DAYS, Reminder, StoreError, decide,
};

use crate::{Error, Headcount, Tenant};

impl Tenant {
    /// What syncs of a connection do with what they find.
    ///
    /// # Errors
    /// There is no such connection.
    pub async fn preferences(&self, id: &ConnectionId) -> Result<Preferences, Error> {
        self.connection(id).await?;
        Ok(self.inner.store.preferences(&self.id, id).await?)
    }

    /// Sets what syncs of a connection do with what they find, from the next one on.
    ///
    /// # Errors
    /// There is no such connection.
    pub async fn set_preferences(&self, id: &ConnectionId, preferences: &Preferences) -> Result<(), Error> {
        Ok(self.inner.store.put_preferences(&self.id, id, preferences).await?)
    }

    /// Removals that wait for a person, or that were turned down and can still be released; at most `limit`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn holds(&self, connection: Option<&ConnectionId>, limit: u32) -> Result<Vec<Hold>, Error> {
        Ok(self.inner.store.holds(&self.id, connection, limit).await?)
    }

    /// What waits of a session, then what it changed, or a test run would have: in order, after [`DiffRow::number`] `after`, at
    /// most `limit`. Of a connection's test runs the newest alone is kept.
    ///
    /// # Errors
    /// There is no such session, or its changes were cut off to keep the bound.
    pub async fn diff(&self, session: SessionId, after: u64, limit: u32) -> Result<Vec<DiffRow>, Error> {
        Ok(self.inner.store.diff(&self.id, session, after, limit).await?)
    }

    /// Does the removals that a session held, as far as the records are still as they were held. The rest is left, and told.
    ///
    /// # Errors
    /// Nothing of the session waits, or a newer one took its place; the connection is being synced, or was removed.
    pub async fn release(&self, session: SessionId, decision: &Decision) -> Result<Outcome, Error> {
        let _lease = self.lease_of(session).await?;
        Ok(self.inner.store.release(&self.id, session, decision).await?)
    }

    /// Turns down the removals that a session held: the records stay until they are back at the vendor.
    ///
    /// # Errors
    /// Nothing of the session waits; the connection is being synced, or was removed.
    pub async fn reject(&self, session: SessionId, decision: &Decision) -> Result<Outcome, Error> {
        let _lease = self.lease_of(session).await?;
        Ok(self.inner.store.reject(&self.id, session, decision).await?)
    }

    /// Brings back what a session removed, as far as it is as the session left it. The rest is left, and told. What is back stays, until it
    /// is back at the vendor or is released.
    ///
    /// # Errors
    /// There is no such session, it removed nothing, or its changes were cut off; the connection is being synced, or was removed.
    pub async fn undo(&self, session: SessionId, decision: &Decision) -> Result<Outcome, Error> {
        let _lease = self.lease_of(session).await?;
        Ok(self.inner.store.undo(&self.id, session, decision).await?)
    }

    /// What was decided about a session's removals, by whom and why, in order.
    ///
    /// # Errors
    /// The store failed.
    pub async fn decisions(&self, session: SessionId) -> Result<Vec<Decided>, Error> {
        Ok(self.inner.store.decisions(&self.id, session).await?)
    }

    /// Keeps a session's connection from being synced meanwhile. What a removed one left stays as it was last read.
    async fn lease_of(&self, session: SessionId) -> Result<crate::lease::Lease, Error> {
        let Some(known) = self.session(session).await? else {
            return Err(StoreError::NoSession { session }.into());
        };
        let lease = self.lease(&known.connection).await?;
        self.unremoved(&known.connection).await?;
        Ok(lease)
    }
}

impl Headcount {
    /// Turns down what has waited for 28 days, and reminds people of what has waited for a day, a week or three: of all tenants, by
    /// notices, each once. Gives how many notices were made. A [`Worker`](crate::Worker) does so by itself; who runs none calls it
    /// now and then.
    ///
    /// # Errors
    /// The store failed.
    pub async fn look_after_holds(&self, now: Timestamp) -> Result<u32, Error> {
        let store = &self.inner.store;
        let mut told = 0;
        for (tenant, connection, session) in store.expire_holds(now).await? {
            tracing::info!(%tenant, %connection, %session, "removals that nobody decided about were turned down");
            told += 1;
        }
        for reminder in store.due_reminders(now).await? {
            let given = REMINDED_ON_DAYS.iter().filter(|day| **day <= reminder.day).count();
            let notice = NewNotice {
                what: format!("removals of {} have waited for a person since {}", reminder.connection, reminder.since),
                next: decide(reminder.session),
                tenant: reminder.tenant,
                connection: reminder.connection,
                cause: Cause::Held,
                session: Some(reminder.session),
                at: now,
            };
            told += u32::from(store.remind(&notice, u32::try_from(given).unwrap_or(0)).await?.is_some());
        }
        Ok(told)
    }

    /// Whose removals have waited for a day, a week or three, of all tenants. It depends on the store and the time alone: whoever sends
    /// reminders remembers, by connection, [`Reminder::since`] and [`Reminder::day`], which were sent.
    ///
    /// # Errors
    /// The store failed.
    pub async fn due_reminders(&self, now: Timestamp) -> Result<Vec<Reminder>, Error> {
        Ok(self.inner.store.due_reminders(now).await?)
    }

    /// Turns down removals that have waited for 28 days, of all tenants; gives their connections and sessions. To be called now and then.
    ///
    /// # Errors
    /// The store failed.
    pub async fn expire_holds(&self, now: Timestamp) -> Result<Vec<(TenantId, ConnectionId, SessionId)>, Error> {
        Ok(self.inner.store.expire_holds(now).await?)
    }
}
