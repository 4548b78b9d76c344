//! Accounts and members on the wire.

use serde::Serialize;

use crate::books::tines::{Account, Membership};
use crate::company::Moment;

/// An account of `/admin/users`.
#[derive(Serialize)]
pub(super) struct AdminUser {
    id: u64,
    scim_uid: Option<String>,
    email: String,
    first_name: String,
    last_name: String,
    admin: bool,
    is_active: bool,
    tenant_permissions: Vec<String>,
    created_at: String,
    updated_at: String,
    last_seen: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    team_memberships: Option<Vec<TeamMembership>>,
}

#[derive(Serialize)]
struct TeamMembership {
    team_id: u64,
    team_name: String,
    role: String,
}

/// An account of `/teams/{id}/members`: the same person in other words.
#[derive(Serialize)]
pub(super) struct Member {
    id: u64,
    first_name: String,
    last_name: String,
    email: String,
    is_admin: bool,
    created_at: String,
    last_seen: Option<String>,
    invitation_accepted: bool,
    role: String,
}

/// Puts an account on the wire.
pub(super) fn wire(account: Account, with_memberships: bool) -> AdminUser {
    let membership =
        |membership: Membership| TeamMembership { team_id: membership.team, team_name: membership.name, role: membership.role };
    AdminUser {
        id: account.id,
        scim_uid: account.scim,
        email: account.email,
        first_name: account.first,
        last_name: account.last,
        admin: account.admin,
        is_active: account.active,
        tenant_permissions: account.permissions,
        created_at: account.created.millis(),
        updated_at: account.updated.millis(),
        last_seen: account.seen.map(Moment::millis),
        team_memberships: with_memberships.then(|| account.memberships.into_iter().map(membership).collect()),
    }
}

/// Puts an account on the wire as a member with a role.
pub(super) fn member(account: Account, role: String) -> Member {
    Member {
        id: account.id,
        first_name: account.first,
        last_name: account.last,
        email: account.email,
        is_admin: account.admin,
        created_at: account.created.seconds(),
        last_seen: account.seen.map(Moment::seconds),
        invitation_accepted: account.seen.is_some(),
        role,
    }
}
