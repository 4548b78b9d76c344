//! What a tenant's sessions may use: the operator's budget, narrowed by the tenant, narrowed for a connection.

use headcount_model::{ConnectionId, Limits};
use headcount_sandbox::{Budget, Level};

use crate::{Error, Tenant};

impl Tenant {
    /// What one session of this tenant may use; of one of its connections, where one is named.
    ///
    /// # Errors
    /// There is no such connection.
    pub async fn budget(&self, connection: Option<&ConnectionId>) -> Result<Budget, Error> {
        let mut budget = self.inner.budget.clone();
        budget.narrow(&self.limits(None).await?, &Level::Tenant(self.id.clone()));
        if let Some(connection) = connection {
            budget.narrow(&self.limits(Some(connection)).await?, &Level::Connection(connection.clone()));
        }
        Ok(budget)
    }

    /// What this tenant set for all its connections, or for one.
    ///
    /// # Errors
    /// There is no such connection.
    pub async fn limits(&self, connection: Option<&ConnectionId>) -> Result<Limits, Error> {
        if let Some(connection) = connection {
            self.connection(connection).await?;
        }
        Ok(self.inner.store.limits(&self.id, connection).await?)
    }

    /// Sets limits for all this tenant's connections, or for one, in place of those there were. They hold from the next session on,
    /// as far as they are narrower than what stands above them.
    ///
    /// # Errors
    /// There is no such connection.
    pub async fn set_limits(&self, connection: Option<&ConnectionId>, limits: &Limits) -> Result<(), Error> {
        if let Some(connection) = connection {
            self.connection(connection).await?;
        }
        Ok(self.inner.store.put_limits(&self.id, connection, limits).await?)
    }
}
