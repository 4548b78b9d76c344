//! Who lets actions change something: the operator, the tenant and the connection, all three. Reading needs nobody's permission.

use std::fmt;
use std::str::FromStr;

use headcount_model::manifest::Action;
use headcount_model::{ConnectionId, ConnectorId, TenantId, Timestamp};
use headcount_store::{ActionPermit, ActionStop, Connection, LifeState};

use crate::{Error, Tenant};

/// Actions that an operator forbids.
///
/// | rule | forbids |
/// |---|---|
/// | `*` | every action that changes something |
/// | `jetbrains` | every action of this connector that changes something |
/// | `jetbrains/revoke-license` | this action, also where it only reads |
/// | `connection:acme/tines` | every action of this connection of the tenant `acme` that changes something |
/// | `connection:acme/tines/deactivate` | this action of this connection, also where it only reads |
/// | `connection:acme/*` | every action of the tenant `acme` that changes something, whichever connections it has or makes |
///
/// Without rules, nothing is forbidden; but a connection permits no action until it is switched on for it. A rule for one
/// connection says nothing of another that the tenant makes with the same credential: `connection:acme/*` does.
///
/// ```
/// use headcount::ActionRule;
/// assert_eq!("jetbrains/revoke-license".parse::<ActionRule>()?.to_string(), "jetbrains/revoke-license");
/// assert_eq!("connection:acme/tines".parse::<ActionRule>()?.to_string(), "connection:acme/tines");
/// assert!("jetbrains/".parse::<ActionRule>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionRule {
    whose: Whose,
    action: Option<String>,
}

/// Whose actions a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Whose {
    All,
    Connector(ConnectorId),
    /// One connection of a tenant, or all that it has.
    Connection(TenantId, Option<ConnectionId>),
}

/// What a rule for a connection begins with: no id has a colon.
const CONNECTION: &str = "connection:";

const WRITE_IT: &str = "write *, CONNECTOR, CONNECTOR/ACTION, connection:TENANT/CONNECTION, connection:TENANT/CONNECTION/ACTION or \
connection:TENANT/*";

impl ActionRule {
    /// Every action that changes something.
    pub fn all() -> Self {
        ActionRule { whose: Whose::All, action: None }
    }

    /// Every action of one connection of a tenant that changes something; without a connection, of all that the tenant has or makes.
    pub fn connection(tenant: TenantId, connection: Option<ConnectionId>) -> Self {
        ActionRule { whose: Whose::Connection(tenant, connection), action: None }
    }

    fn forbids(&self, connection: &Connection, action: &Action) -> bool {
        let covered = match &self.whose {
            Whose::All => true,
            Whose::Connector(connector) => *connector == connection.connector,
            Whose::Connection(tenant, id) => *tenant == connection.tenant && id.as_ref().is_none_or(|id| *id == connection.id),
        };
        let named = self.action.as_ref().map_or(!action.read_only, |own| *own == action.name);
        covered && named
    }
}

impl FromStr for ActionRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(ActionRule::all());
        }
        let wrong = |error: headcount_model::InvalidId| format!("{error}: {WRITE_IT}");
        let (whose, action) = match text.strip_prefix(CONNECTION) {
            Some(rest) => {
                let Some((tenant, rest)) = rest.split_once('/') else {
                    return Err(format!("{text:?} names no connection: {WRITE_IT}"));
                };
                let (id, action) = name_and_action(rest);
                // An action is one of a connector's: of all connections, it would be anything of that name.
                let id = if id == "*" && action.is_none() { None } else { Some(id.parse().map_err(wrong)?) };
                (Whose::Connection(tenant.parse().map_err(wrong)?, id), action)
            }
            None => {
                let (connector, action) = name_and_action(text);
                (Whose::Connector(connector.parse().map_err(wrong)?), action)
            }
        };
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if action.is_some_and(|action| !is_name(action)) {
            return Err(format!("{text:?} names no action: {WRITE_IT}"));
        }
        Ok(ActionRule { whose, action: action.map(str::to_owned) })
    }
}

fn name_and_action(text: &str) -> (&str, Option<&str>) {
    text.split_once('/').map_or((text, None), |(name, action)| (name, Some(action)))
}

impl fmt::Display for ActionRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.whose {
            Whose::All => f.write_str("*")?,
            Whose::Connector(connector) => connector.fmt(f)?,
            Whose::Connection(tenant, Some(id)) => write!(f, "{CONNECTION}{tenant}/{id}")?,
            Whose::Connection(tenant, None) => write!(f, "{CONNECTION}{tenant}/*")?,
        }
        self.action.as_ref().map_or(Ok(()), |action| write!(f, "/{action}"))
    }
}

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
    /// There is no such connection.
    pub async fn forbid_actions(&self, connection: &ConnectionId, actions: &[String]) -> Result<Vec<ActionPermit>, Error> {
        self.connection(connection).await?;
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

#[cfg(test)]
mod tests {
    use headcount_model::manifest::Settings;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_rule_covers_what_changes_something_and_what_it_names() {
        let action = |read_only: bool| -> Action {
            let input = json!({ "type": "object" });
            serde_json::from_value(json!({ "name": "look", "label": "L", "read-only": read_only, "input": input })).unwrap()
        };
        let settings = Settings { values: Default::default(), base_url: "https://a.example".into(), hosts: vec![] };
        let (acme, own) = ("acme".parse().unwrap(), "own".parse().unwrap());
        let connection = Connection::new(acme, own, "maker".parse().unwrap(), settings, Timestamp::from_micros(1));
        for (text, changing, reading) in [
            ("*", true, false),
            ("maker", true, false),
            ("maker/look", true, true),
            ("maker/other", false, false),
            ("b", false, false),
            // A connector that is called like the connection or the tenant.
            ("own", false, false),
            ("acme", false, false),
            ("acme/own", false, false),
            ("connection:acme/own", true, false),
            ("connection:acme/own/look", true, true),
            ("connection:acme/own/other", false, false),
            ("connection:acme/*", true, false),
            ("connection:acme/other", false, false),
            ("connection:other/own", false, false),
            ("connection:other/*", false, false),
        ] {
            let rule: ActionRule = text.parse().unwrap();
            let forbids = [rule.forbids(&connection, &action(false)), rule.forbids(&connection, &action(true))];
            assert_eq!((forbids, rule.to_string().as_str()), ([changing, reading], text));
        }
        let wrong = ["", "/", "acme/", "Acme", "acme/Look", "*/look", "connection:", "connection:acme", "connection:/own"];
        let more = ["connection:acme/", "connection:acme/own/", "connection:acme/own/a/b", "connection:*/own", "connection:acme/*/look"];
        for wrong in wrong.into_iter().chain(more) {
            assert!(wrong.parse::<ActionRule>().is_err(), "{wrong}");
        }
    }
}
