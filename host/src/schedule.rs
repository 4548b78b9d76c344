//! A tenant's side of schedules: when its connections run by themselves.

use headcount_model::{ConnectionId, Timestamp};
use headcount_store::{Connection, LifeState, Planned, QueuedRun, Rhythm, Schedule};
use headcount_sync::schedule;

use crate::{Error, Tenant};

impl Tenant {
    /// When a connection runs: as it was set, or as it would be. What nobody set is `daily`.
    ///
    /// # Errors
    /// There is no such connection, or the store failed.
    pub async fn schedule(&self, id: &ConnectionId) -> Result<Schedule, Error> {
        self.connection(id).await?;
        self.stored_or_default(id, Timestamp::now()).await
    }

    /// The schedules of this tenant's connections, by connection; those that nobody has set or run yet are `daily`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn schedules(&self) -> Result<Vec<(Connection, Schedule)>, Error> {
        let stored = self.inner.store.schedules(&self.id).await?;
        let (mut all, now) = (Vec::new(), Timestamp::now());
        for connection in self.connections().await?.into_iter().filter(|one| one.life.state != LifeState::Removed) {
            let schedule = stored.iter().find(|schedule| schedule.connection == connection.id).cloned();
            let schedule = schedule.map_or_else(|| self.unset(&connection.id, now), Ok)?;
            all.push((connection, schedule));
        }
        Ok(all)
    }

    /// Sets when a connection runs. A run under way goes on.
    ///
    /// # Errors
    /// There is no such connection, or the rhythm can't be used.
    pub async fn set_schedule(&self, id: &ConnectionId, rhythm: &Rhythm) -> Result<Schedule, Error> {
        self.connection(id).await?;
        let now = Timestamp::now();
        schedule::check(rhythm, now)?;
        let next = schedule::next(rhythm, &self.id, id, now)?;
        self.inner.store.put_schedule(&self.id, id, rhythm, next).await?;
        self.schedule(id).await
    }

    /// Stops a connection's schedule. A run under way goes on, and one that a person asks for runs all the same.
    ///
    /// # Errors
    /// There is no such connection, or the store failed.
    pub async fn pause_schedule(&self, id: &ConnectionId) -> Result<Schedule, Error> {
        self.hold_schedule(id, true).await
    }

    /// Lets a connection's schedule go on, with its next time: what would have run meanwhile is not caught up with.
    ///
    /// # Errors
    /// There is no such connection, or the store failed.
    pub async fn resume_schedule(&self, id: &ConnectionId) -> Result<Schedule, Error> {
        self.hold_schedule(id, false).await
    }

    /// Asks whoever runs the schedules for a run of a connection now. One that runs already runs once more afterwards.
    ///
    /// # Errors
    /// There is no such connection, it is not active, or the store failed.
    pub async fn request_run(&self, id: &ConnectionId) -> Result<(), Error> {
        let connection = self.connection(id).await?;
        if connection.life.state != LifeState::Active {
            return Err(Error::NotActive { tenant: self.id.clone(), connection: id.clone(), life: connection.life.state });
        }
        self.keep_default(id).await?;
        self.inner.store.request_run(&self.id, id, Timestamp::now()).await?;
        Ok(())
    }

    /// This tenant's runs that wait for a place, by how long they have: what is due and was not taken yet, and what was taken and
    /// waits for what it needs. Only a process that serves the data folder takes them.
    ///
    /// # Errors
    /// The store failed.
    pub async fn queued(&self) -> Result<Vec<QueuedRun>, Error> {
        Ok(self.inner.store.queued(&self.id, Timestamp::now()).await?)
    }

    /// The next run by a connection's schedule; none where it has none, or one that can't be followed any more.
    pub(crate) async fn next_run(&self, id: &ConnectionId, now: Timestamp) -> Result<Option<Planned>, Error> {
        let schedule = self.inner.store.schedule(&self.id, id).await?;
        Ok(schedule.and_then(|schedule| schedule::next(&schedule.rhythm, &self.id, id, now).ok()))
    }

    async fn hold_schedule(&self, id: &ConnectionId, paused: bool) -> Result<Schedule, Error> {
        self.connection(id).await?;
        let schedule = self.keep_default(id).await?;
        let next = schedule::next(&schedule.rhythm, &self.id, id, Timestamp::now())?;
        self.inner.store.pause_schedule(&self.id, id, paused, next).await?;
        self.schedule(id).await
    }

    /// A schedule in the store, put there where there is none.
    async fn keep_default(&self, id: &ConnectionId) -> Result<Schedule, Error> {
        if let Some(schedule) = self.inner.store.schedule(&self.id, id).await? {
            return Ok(schedule);
        }
        let schedule = self.unset(id, Timestamp::now())?;
        let next = Planned { planned_at: schedule.planned_at, due_at: schedule.due_at };
        if self.inner.store.add_schedule(&self.id, id, &schedule.rhythm, next).await? {
            return Ok(schedule);
        }
        // Somebody set one meanwhile.
        self.stored_or_default(id, Timestamp::now()).await
    }

    async fn stored_or_default(&self, id: &ConnectionId, now: Timestamp) -> Result<Schedule, Error> {
        let stored = self.inner.store.schedule(&self.id, id).await?;
        stored.map_or_else(|| self.unset(id, now), Ok)
    }

    /// What holds where nothing was set.
    fn unset(&self, id: &ConnectionId, now: Timestamp) -> Result<Schedule, Error> {
        let next = schedule::next(&Rhythm::default(), &self.id, id, now)?;
        Ok(Schedule {
            tenant: self.id.clone(),
            connection: id.clone(),
            rhythm: Rhythm::default(),
            paused: false,
            planned_at: next.planned_at,
            due_at: next.due_at,
            requested_at: None,
            missed_at: None,
            worker: None,
            fence: 0,
            started_at: None,
            ended_at: None,
        })
    }
}
