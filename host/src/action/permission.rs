//! Who lets actions change something: the operator, the tenant and the connection, all three. Reading needs nobody's permission.

use std::fmt;

use headcount_model::manifest::Action;
use headcount_model::{ConnectionId, Timestamp};
use headcount_store::{ActionPermit, ActionStop, Connection, LifeState};

use super::ActionRule;
use crate::{Error, Tenant};

/// Whether an action may be done, and who says so. Its text says what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Permission {
    /// It only reads.
    NotNeeded,
    /// The connection permits it, and nobody forbids it.
    Permitted(ActionPermit),
    /// The operator forbids it.
    ForbiddenByOperator(ActionRule),
    /// The tenant has stopped all actions.
    Stopped(ActionStop),
    /// The connection is a draft, paused or removed.
    Resting(ConnectionId, LifeState),
    /// The connection is not switched on for it.
    NotPermitted(ConnectionId, String),
}

impl Permission {
    /// Whether it may be done.
    pub fn is_given(&self) -> bool {
        matches!(self, Permission::NotNeeded | Permission::Permitted(_))
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let because = |why: &Option<String>| why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        match self {
            Permission::NotNeeded => f.write_str("it only reads"),
            Permission::Permitted(permit) => {
                write!(f, "permitted by {} on {}{}", permit.permitted_by, permit.at, because(&permit.why))
            }
            Permission::ForbiddenByOperator(rule) => {
                write!(f, "the operator's configuration forbids {rule}: only the operator can change that (forbid-actions)")
            }
            Permission::Stopped(stop) => write!(
                f,
                "{} stopped all actions of this tenant on {}{}: `headcount action resume` lets them go on",
                stop.stopped_by,
                stop.at,
                because(&stop.why)
            ),
            Permission::Resting(connection, life) => {
                write!(
                    f,
                    "connection {connection} is {}: nothing is changed through it until it is ready or running",
                    life.as_str()
                )
            }
            Permission::NotPermitted(connection, action) => write!(
                f,
                "connections only read until somebody permits more: `headcount action permit {connection} {action}` permits it"
            ),
        }
    }
}

impl Tenant {
    /// Whether an action of a connection may be done now.
    pub(crate) async fn permission(&self, connection: &Connection, action: &Action) -> Result<Permission, Error> {
        let id = &connection.id;
        if let Some(rule) = self.inner.forbidden_actions.iter().find(|rule| rule.forbids(connection, action)) {
            return Ok(Permission::ForbiddenByOperator(rule.clone()));
        }
        if action.read_only {
            return Ok(Permission::NotNeeded);
        }
        if let Some(stop) = self.inner.store.action_stop(&self.id).await? {
            return Ok(Permission::Stopped(stop));
        }
        if !connection.life.state.runs() {
            return Ok(Permission::Resting(id.clone(), connection.life.state));
        }
        let permits = self.inner.store.action_permits(&self.id, id).await?;
        let permit = permits.into_iter().find(|permit| permit.action == action.name);
        Ok(permit.map_or_else(|| Permission::NotPermitted(id.clone(), action.name.clone()), Permission::Permitted))
    }

    /// Permits actions of a connection by name, beside those that it permits already; with no names, all that its connector has
    /// now. What a later version of the connector adds is not permitted by it. Gives what is permitted now.
    ///
    /// # Errors
    /// There is no such connection or action.
    pub async fn permit_actions(
        &self,
        connection: &ConnectionId,
        actions: &[String],
        by: &str,
        why: Option<&str>,
    ) -> Result<Vec<ActionPermit>, Error> {
        let named = self.named_actions(connection, actions).await?;
        let at = Timestamp::now();
        let permit = |action| ActionPermit { action, permitted_by: by.to_owned(), why: why.map(str::to_owned), at };
        let permits: Vec<ActionPermit> = named.into_iter().map(permit).collect();
        Ok(self.inner.store.permit_actions(&self.id, connection, &permits).await?)
    }

    /// Takes permissions back; with no names, all of them. Gives what is still permitted.
    ///
    /// # Errors
    /// There is no such connection, or no such action: neither its connector has it, nor is it permitted.
    pub async fn forbid_actions(&self, connection: &ConnectionId, actions: &[String]) -> Result<Vec<ActionPermit>, Error> {
        self.connection(connection).await?;
        let permits = self.inner.store.action_permits(&self.id, connection).await?;
        let permitted = |name: &String| permits.iter().any(|permit| permit.action == *name);
        let others: Vec<String> = actions.iter().filter(|name| !permitted(name)).cloned().collect();
        // What is permitted can be taken back whatever became of the connector.
        if !others.is_empty() {
            self.named_actions(connection, &others).await?;
        }
        let named = (!actions.is_empty()).then_some(actions);
        Ok(self.inner.store.forbid_actions(&self.id, connection, named).await?)
    }

    /// Stops all actions of the tenant that change something, whatever its connections permit.
    ///
    /// # Errors
    /// The store failed.
    pub async fn stop_actions(&self, by: &str, why: Option<&str>) -> Result<(), Error> {
        let stop = ActionStop { stopped_by: by.to_owned(), why: why.map(str::to_owned), at: Timestamp::now() };
        Ok(self.inner.store.stop_actions(&self.id, Some(&stop)).await?)
    }

    /// Lets the tenant's actions go on, as its connections permit.
    ///
    /// # Errors
    /// The store failed.
    pub async fn resume_actions(&self) -> Result<(), Error> {
        Ok(self.inner.store.stop_actions(&self.id, None).await?)
    }

    /// These actions of a connection's connector, or all that change something.
    async fn named_actions(&self, connection: &ConnectionId, actions: &[String]) -> Result<Vec<String>, Error> {
        let (_, manifest) = self.connection_and_manifest(connection).await?;
        if actions.is_empty() {
            return Ok(manifest.actions.into_iter().filter(|action| !action.read_only).map(|action| action.name).collect());
        }
        if let Some(unknown) = actions.iter().find(|name| manifest.action(name).is_none()) {
            let known: Vec<String> = manifest.actions.iter().map(|action| action.name.clone()).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let connector = manifest.name.clone();
            return Err(headcount_sync::ActionError::Unknown { connector, action: unknown.clone(), known }.into());
        }
        Ok(actions.to_vec())
    }
}
