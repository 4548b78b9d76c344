//! A session's last step: what the mapping makes of the accounts that it brought in.

use headcount_model::printable;
use headcount_store::StoreError;

use super::{Reading, SyncError, lock};
use crate::mapping::{RemapError, compile, mapping_of, remap};

impl Reading<'_> {
    /// Maps the accounts that changed. What can't be mapped is said, and left to the next session: the records are applied already.
    pub(super) async fn remap(&self) -> Result<(), SyncError> {
        let told = match self.call(self.remapped()).await {
            Ok(Ok(told)) => told,
            Ok(Err(RemapError::Store(error))) => return Err(error.into()),
            Ok(Err(problem)) => {
                self.insist(format!("fields were not mapped, and stay as they were: {}", printable(&problem.to_string())));
                return Ok(());
            }
            Err(stopped) => {
                self.insist(format!("not all fields were mapped; the next session does the rest: {stopped}"));
                return Ok(());
            }
        };
        for (field, why) in &told.failures {
            let failed = told.counters.failed.get(field).copied().unwrap_or(0);
            self.note(format!("the field {field} could not be made for {failed} accounts: {why}")).await;
        }
        lock(&self.counters).mapped = told.counters;
        Ok(())
    }

    /// Says how many records each filter dropped.
    pub(super) fn tell_dropped(&self) {
        let dropped = lock(&self.counters).dropped.clone();
        for (filter, count) in dropped {
            self.insist(format!(
                "the filter {filter} dropped {count} records: they are out of scope, and stay as they are in the store"
            ));
        }
    }

    async fn remapped(&self) -> Result<crate::mapping::Remapped, RemapError> {
        // As it is now: the scope that was just learned is among what fields can be made of.
        let (tenant, id) = (&self.connection.tenant, &self.connection.id);
        let gone = || StoreError::NoConnection { tenant: tenant.clone(), connection: id.clone() };
        let connection = self.store.connection(tenant, id).await?.ok_or_else(gone)?;
        let (mapping, _) = mapping_of(self.store, &connection, self.manifest).await?;
        remap(self.store, &connection, &compile(mapping).await?, None, true).await
    }
}
