//! A session's last step: what the mapping makes of the accounts that it brought in.

use headcount_model::printable;
use headcount_store::{SessionEnd, StoreError};

use super::{Reading, SyncError, lock};
use crate::mapping::{RemapError, Remapped, compile, mapping_of, remap};

/// How many notes a session's end keeps.
const MOST_NOTES: usize = 100;

impl Reading<'_> {
    /// Counts the records that each filter dropped, and says so.
    pub(super) async fn tell_dropped(&self) -> Result<(), SyncError> {
        if self.filters.is_empty() {
            return Ok(());
        }
        let dropped = self.store.dropped(&self.connection.tenant, self.session).await?;
        for (filter, count) in &dropped {
            self.insist(format!(
                "the filter {filter} dropped {count} records: they are out of scope, and stay as they are in the store"
            ));
        }
        lock(&self.counters).dropped = dropped;
        Ok(())
    }

    /// Maps the accounts that changed. What can't be mapped is said, and left to the next session: the records are applied already.
    pub(super) async fn remap(&self, end: &mut SessionEnd) {
        let mut notes = Vec::new();
        match self.call(self.remapped()).await {
            Ok(Ok(told)) => {
                notes.extend(told.failures.iter().map(|(field, why)| {
                    let failed = told.counters.failed.get(field).copied().unwrap_or(0);
                    format!("the field {field} could not be made for {failed} accounts: {why}")
                }));
                end.counters.mapped = told.counters;
            }
            Ok(Err(problem)) => {
                notes.push(format!(
                    "not all fields were mapped; the next session does the rest: {}",
                    printable(&problem.to_string())
                ));
            }
            Err(stopped) => notes.push(format!("not all fields were mapped; the next session does the rest: {stopped}")),
        }
        for note in notes {
            if end.notes.len() < MOST_NOTES && !end.notes.contains(&note) {
                end.notes.push(note);
            }
        }
    }

    async fn remapped(&self) -> Result<Remapped, RemapError> {
        // As it is now: the scope that was just learned is among what fields can be made of.
        let (tenant, id) = (&self.connection.tenant, &self.connection.id);
        let gone = || StoreError::NoConnection { tenant: tenant.clone(), connection: id.clone() };
        let connection = self.store.connection(tenant, id).await?.ok_or_else(gone)?;
        let (mapping, _) = mapping_of(self.store, &connection, self.manifest).await?;
        remap(self.store, &connection, &compile(mapping).await?, None, true).await
    }
}
