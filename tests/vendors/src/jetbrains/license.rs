//! A license on the wire.

use serde::Serialize;

use crate::books::jetbrains::{Holder, License};
use crate::company::Moment;

/// The license as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wire {
    license_id: String,
    product: Product,
    /// Absent, null or somebody.
    #[serde(skip_serializing_if = "Option::is_none")]
    assignee: Option<Option<Assignee>>,
    domain: Option<&'static str>,
    subscription: Option<Subscription>,
    #[serde(skip_serializing_if = "Option::is_none")]
    perpetual: Option<Perpetual>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<LastSeen>,
    team: Team,
    is_transferable_between_teams: bool,
    is_trial: bool,
    is_suspended: bool,
    is_available_to_assign: bool,
}

#[derive(Serialize)]
struct Product {
    code: &'static str,
    name: &'static str,
}

#[derive(Serialize)]
struct Team {
    id: i64,
    name: &'static str,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE", rename_all_fields = "camelCase")]
enum Assignee {
    User { name: Option<String>, email: Option<String> },
    Server { server_type: &'static str, uid: String },
    LicenseKey { key: String, legacy_key: Option<String>, registration_name: Option<String> },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Subscription {
    subscription_pack_ref: Option<String>,
    valid_until_date: Option<String>,
    is_outdated: bool,
    is_automatically_renewed: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Perpetual {
    is_outdated: bool,
    upgrade_due_date: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LastSeen {
    last_assignment_date: Option<String>,
    last_seen_date: Option<String>,
    is_offline_code_generated: Option<bool>,
}

/// Puts a license on the wire.
pub(super) fn wire(license: License) -> Wire {
    let ((code, name), (team, team_name)) = (license.product(), license.team());
    Wire {
        license_id: license.id,
        product: Product { code, name },
        assignee: match license.holder {
            Holder::Absent => None,
            Holder::Null => Some(None),
            Holder::User { name, email } => Some(Some(Assignee::User { name, email })),
            Holder::Server { server_type, uid } => Some(Some(Assignee::Server { server_type, uid })),
            Holder::Key { key, registration } => {
                Some(Some(Assignee::LicenseKey { key, legacy_key: None, registration_name: registration }))
            }
        },
        domain: license.domain,
        subscription: license.subscription.map(|subscription| Subscription {
            subscription_pack_ref: subscription.pack,
            valid_until_date: subscription.valid_until.map(Moment::east_millis),
            is_outdated: subscription.outdated,
            is_automatically_renewed: subscription.renews,
        }),
        perpetual: license
            .perpetual
            .map(|(is_outdated, due)| Perpetual { is_outdated, upgrade_due_date: due.map(Moment::east_millis) }),
        last_seen: license.used.map(|used| LastSeen {
            last_assignment_date: used.assigned.map(Moment::east_millis),
            last_seen_date: used.seen.map(Moment::millis),
            is_offline_code_generated: used.offline,
        }),
        team: Team { id: team, name: team_name },
        is_transferable_between_teams: license.transferable,
        is_trial: license.trial,
        is_suspended: license.suspended,
        is_available_to_assign: license.available,
    }
}
