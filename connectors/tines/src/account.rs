//! One account: who it is, the teams it is in, and what it may do in the tenant.

use headcount_connector::prelude::*;

/// The role of those for whom `admin` is true. No list of roles has it.
const OWNER: &str = "tenant-owner";

/// An account as `/admin/users` gives it. What decides who may sign in and do what must be there: nothing is taken for "none" or "no".
#[derive(Deserialize)]
pub struct Account {
    pub id: u64,
    pub email: Option<String>,
    pub scim_uid: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub admin: bool,
    pub is_active: bool,
    pub tenant_permissions: Vec<String>,
    pub created_at: Option<String>,
    pub updated_at: Option<String>,
    pub last_seen: Option<String>,
    pub team_memberships: Option<Vec<Membership>>,
}

/// A membership as it comes with an account. `role` is TEAM_ADMIN, EDITOR, VIEWER, or a custom role's name.
#[derive(Deserialize)]
pub struct Membership {
    pub team_id: u64,
    pub team_name: Option<String>,
    pub role: String,
}

/// A row of a team's members: of the user only the id, since the list of users says more of it.
#[derive(Deserialize)]
pub struct Member {
    pub id: u64,
    pub role: String,
}

impl Account {
    /// The user, and what it holds.
    pub fn record(self, raw: Raw<'_>, out: &mut Out) {
        let id = self.id;
        if self.admin {
            out.grant(Grant::new(Reference::user(id), Reference::role(OWNER)));
            out.role(Role { name: "Tenant owner".to_owned(), administrator: Some(true), ..Role::of(OWNER) });
        }
        for permission in self.tenant_permissions {
            let role = format!("permission:{permission}");
            out.grant(Grant::new(Reference::user(id), Reference::role(&role)));
            out.role(Role { name: permission.clone(), permissions: Some(vec![permission]), ..Role::of(role) });
        }
        for membership in self.team_memberships.unwrap_or_default() {
            let Membership { team_id, team_name, role } = membership;
            out.grant(Membership::grant(id, &team_id.to_string(), role));
            let name = team_name.unwrap_or_default();
            out.group(Group { name, category: Some("team".to_owned()), ..Group::of(team_id) });
        }
        let status = match (self.is_active, self.last_seen.as_deref().unwrap_or_default()) {
            (false, _) => UserStatus::Inactive,
            // Invited, and never seen since.
            (_, "") => UserStatus::Pending,
            _ => UserStatus::Active,
        };
        out.user(User {
            status: Some(status),
            display_name: display_name(self.first_name.as_deref(), self.last_name.as_deref(), self.email.as_deref()),
            user_name: self.email.clone(),
            email: self.email,
            given_name: self.first_name,
            family_name: self.last_name,
            external_id: self.scim_uid,
            administrator: Some(self.admin),
            created_at: self.created_at,
            updated_at: self.updated_at,
            last_seen_at: self.last_seen,
            // They are grants; and only the list has them.
            attributes: raw.without(&["team_memberships"]),
            ..User::of(id)
        });
    }
}

impl Membership {
    /// A user is in a team, in this role. A custom role is passed on by its name: memberships have no role ids.
    pub fn grant(user: u64, team: &str, role: String) -> Grant {
        let grant = Grant::new(Reference::user(user), Reference::group(team));
        if role.is_empty() { grant } else { grant.as_role(role) }
    }
}

/// Both names are often empty: the e-mail address then.
fn display_name(first: Option<&str>, last: Option<&str>, email: Option<&str>) -> Option<String> {
    let names: Vec<&str> = [first, last].into_iter().flatten().filter(|name| !name.is_empty()).collect();
    if names.is_empty() { email.map(str::to_owned) } else { Some(names.join(" ")) }
}
