//! Mapping the accounts that a test run would lead to, for as long as the store may wait for it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use headcount_mapping::CompiledMapping;
use headcount_store::{Connection, NewlyMapped, Rehearsal, Session, StoredInputs};
use tokio::time::Instant;

use super::{RemapError, Remapped, Remapping, tracking_of};

/// How long other sessions' writes may wait for a test run's mapping: many times what 100,000 accounts take.
const TRIED: Duration = Duration::from_secs(20);

/// A mapping that is tried.
pub(crate) struct Trial {
    mapping: Arc<CompiledMapping>,
    /// The test run.
    session: Option<Session>,
    remapping: Option<Remapping>,
    /// From the first account on.
    until: Option<Instant>,
    stopped: Option<Stopped>,
}

/// Why not all accounts were mapped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stopped {
    /// It took too long.
    #[error("a test run maps for {TRIED:?} at most")]
    Time,
    /// As in a sync.
    #[error(transparent)]
    Problem(#[from] RemapError),
}

impl Trial {
    pub(crate) fn new(mapping: Arc<CompiledMapping>, session: Option<Session>) -> Self {
        Trial { mapping, session, remapping: None, until: None, stopped: None }
    }

    /// What was made of the accounts, and why not of all.
    pub(crate) fn end(self) -> (Remapped, Option<Stopped>) {
        (self.remapping.map_or_else(Remapped::default, |remapping| remapping.told), self.stopped)
    }
}

#[async_trait]
impl Rehearsal for Trial {
    async fn map(&mut self, connection: &Connection, accounts: Vec<StoredInputs>) -> Option<Vec<NewlyMapped>> {
        let now = Instant::now();
        if now >= *self.until.get_or_insert(now + TRIED) {
            self.stopped = Some(Stopped::Time);
            return None;
        }
        let begin = || Remapping::new(tracking_of(connection, self.session.as_ref()), None, None);
        let remapping = self.remapping.get_or_insert_with(begin);
        match remapping.portion(&self.mapping, accounts).await {
            Ok(fresh) => Some(fresh),
            Err(problem) => {
                self.stopped = Some(problem.into());
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use headcount_mapping::standard;
    use headcount_model::Timestamp;
    use headcount_model::manifest::Settings;

    use super::*;

    #[tokio::test]
    async fn a_mapping_that_takes_too_long_is_left_and_says_so() {
        let mapping = Arc::new(CompiledMapping::new(&standard::usual()).unwrap());
        let mut trial = Trial { until: Some(Instant::now()), ..Trial::new(mapping, None) };
        let settings = Settings { values: Default::default(), base_url: String::new(), hosts: vec![] };
        let (tenant, id, connector) = ("t".parse().unwrap(), "acme".parse().unwrap(), "acme".parse().unwrap());
        let connection = Connection::new(tenant, id, connector, settings, Timestamp::from_micros(1));
        assert!(trial.map(&connection, Vec::new()).await.is_none());
        assert_eq!(trial.end().1.unwrap().to_string(), "a test run maps for 20s at most");
    }
}
