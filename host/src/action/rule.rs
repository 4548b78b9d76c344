//! What an operator forbids: everything, a connector's actions, or those of one connection.

use std::fmt;
use std::str::FromStr;

use headcount_model::manifest::Action;
use headcount_model::{ConnectionId, ConnectorId, TenantId};
use headcount_store::Connection;

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

const WRITE_IT: &str = "write *, CONNECTOR, CONNECTOR/ACTION, connection:TENANT/CONNECTION, \
    connection:TENANT/CONNECTION/ACTION or connection:TENANT/*";

impl ActionRule {
    /// Every action that changes something.
    pub fn all() -> Self {
        ActionRule { whose: Whose::All, action: None }
    }

    /// Every action of one connection of a tenant that changes something; without a connection, of all that the tenant has or
    /// makes.
    pub fn connection(tenant: TenantId, connection: Option<ConnectionId>) -> Self {
        ActionRule { whose: Whose::Connection(tenant, connection), action: None }
    }

    pub(super) fn forbids(&self, connection: &Connection, action: &Action) -> bool {
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

#[cfg(test)]
mod tests {
    use headcount_model::Timestamp;
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
        let more =
            ["connection:acme/", "connection:acme/own/", "connection:acme/own/a/b", "connection:*/own", "connection:acme/*/look"];
        for wrong in wrong.into_iter().chain(more) {
            assert!(wrong.parse::<ActionRule>().is_err(), "{wrong}");
        }
    }
}
