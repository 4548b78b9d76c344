//! Sessions as an embedder sees them: their history, their errors, and their end on request.

use headcount_model::{ConnectionId, SessionId, Timestamp};
use headcount_store::{Session, SessionError, SessionState};

use crate::lease::Leases;
use crate::{Error, Tenant};

/// Sessions that are looked at together, and how often that is done.
const PORTION: u32 = 100;
const PORTIONS: usize = 100;

/// What became of the wish that a session should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cancelled {
    /// Nobody worked on it: it is over.
    AtOnce,
    /// The process that works on it ends it at its next page, or within seconds while it waits.
    Asked,
    /// What it found is in the store already, and nobody works on it: the next sync ends it.
    WasApplied,
    /// It was over already.
    WasOver(SessionState),
}

impl Tenant {
    /// The newest sessions, of all connections or of one.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sessions(&self, connection: Option<&ConnectionId>, limit: u32) -> Result<Vec<Session>, Error> {
        Ok(self.inner.store.sessions(&self.id, connection, limit).await?)
    }

    /// A connection's newest sync: no test run, and not what an action brought in.
    ///
    /// # Errors
    /// The store failed.
    pub async fn last_sync(&self, id: &ConnectionId) -> Result<Option<Session>, Error> {
        Ok(self.inner.store.last_sync(&self.id, id).await?)
    }

    /// The newest sync that was applied and is as `wanted`, among the newest 10,000 sessions of a connection. What an action brought in
    /// read nothing, and says nothing of what can be read.
    pub(crate) async fn applied_sync(
        &self,
        id: &ConnectionId,
        wanted: impl Fn(&Session) -> bool + Send + Sync,
    ) -> Result<Option<Session>, Error> {
        let mut before = None;
        for _ in 0..PORTIONS {
            let sessions = self.inner.store.sessions_before(&self.id, Some(id), before, PORTION).await?;
            let full = sessions.len() >= PORTION as usize;
            before = sessions.last().map(|session| session.id);
            let is_one = |session: &Session| session.state.is_finished() && session.action.is_none() && wanted(session);
            if let Some(found) = sessions.into_iter().find(is_one) {
                return Ok(Some(found));
            }
            if !full {
                break;
            }
        }
        Ok(None)
    }

    /// One session.
    ///
    /// # Errors
    /// The store failed.
    pub async fn session(&self, id: SessionId) -> Result<Option<Session>, Error> {
        Ok(self.inner.store.session(&self.id, id).await?)
    }

    /// The failed calls of a session, in order, each with the seconds after which it was repeated.
    ///
    /// # Errors
    /// The store failed.
    pub async fn session_errors(&self, id: SessionId) -> Result<Vec<SessionError>, Error> {
        Ok(self.inner.store.errors(&self.id, id).await?)
    }

    /// Whether somebody works on the connection's open session, in whichever process of this machine: otherwise it was interrupted or
    /// paused, and the next sync goes on with it.
    ///
    /// # Errors
    /// The lease can't be read.
    pub async fn is_synced(&self, connection: &ConnectionId) -> Result<bool, Error> {
        Leases::is_synced(&self.inner.data, &self.id, connection).await
    }

    /// Ends a session on a person's wish, whichever process works on it. What it read is dropped; the store stays as it was before.
    /// A session that is being applied is over before it can be stopped. None where there is no such session.
    ///
    /// # Errors
    /// The store failed, or the lease can't be taken for another reason than that somebody works on the session.
    pub async fn cancel_session(&self, id: SessionId) -> Result<Option<Cancelled>, Error> {
        let Some(session) = self.session(id).await? else { return Ok(None) };
        let now = Timestamp::now();
        if session.state.is_over() || !self.inner.store.ask_cancel(&self.id, id, now).await? {
            let state = self.session(id).await?.map_or(session.state, |session| session.state);
            return Ok(Some(Cancelled::WasOver(state)));
        }
        let _lease = match self.lease(&session.connection).await {
            Err(Error::Busy(..)) => return Ok(Some(Cancelled::Asked)),
            taken => taken?,
        };
        // Somebody may have ended it, and begun another, meanwhile.
        let open = self.inner.store.open_session(&self.id, &session.connection).await?;
        match open.filter(|open| open.session.id == id) {
            // What it found is in the store: its end comes with the next sync.
            Some(open) if open.ending.is_some() => return Ok(Some(Cancelled::WasApplied)),
            Some(_) => {
                let why = "The session had been interrupted, and a person asked for its end.";
                self.inner.store.abandon(&self.id, &session.connection, SessionState::Cancelled, why, now).await?;
            }
            None => {}
        }
        Ok(Some(Cancelled::AtOnce))
    }
}
