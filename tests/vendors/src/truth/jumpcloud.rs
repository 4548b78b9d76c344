//! JumpCloud: the directory, the console's administrators, groups, and what both users and groups may sign in to.

use std::collections::BTreeMap;

use super::{Application, Expected, Grant, Group, Role, User, text};
use crate::books::JumpCloud;
use crate::books::jumpcloud::{Admin, Principal, Resource, Server, State, SystemUser};

/// What a perfect read of everything keeps.
///
/// An administrator of the console is a user of its own, `admin:<id>`, and holds its role. LDAP and RADIUS servers are applications.
/// No secret of a RADIUS server or application is part of it.
pub fn jumpcloud(books: &JumpCloud) -> Expected {
    let mut expected = Expected::default();
    expected.users.extend(books.rows().iter().map(|key| user(books.user(*key))));
    let mut roles: BTreeMap<String, Role> = BTreeMap::new();
    for number in 0..books.admin_count() {
        let Admin { id, role: (role, name), .. } = books.admin(number);
        expected.grants.push(Grant::of_user(&format!("admin:{id}"), "role", &role));
        roles.entry(role.clone()).or_insert_with(|| Role {
            id: role,
            name: name.to_owned(),
            description: None,
            permissions: Vec::new(),
        });
        expected.users.push(admin(books.admin(number)));
    }
    expected.roles = roles.into_values().collect();
    for number in 0..books.group_count() {
        let group = books.group(number);
        for member in books.members(number).iter() {
            expected.grants.push(Grant::of_user(&books.user_id(*member), "group", &group.id));
        }
        expected.groups.push(Group {
            id: group.id,
            name: group.name,
            category: "user_group",
            description: text(group.description),
            email: text(group.email),
        });
    }
    for number in 0..books.application_count() {
        let application = books.application(number);
        grant(books, &mut expected, Resource::Application, number, &application.id);
        expected.applications.push(Application {
            name: text(application.display_label).or_else(|| text(application.display_name)).unwrap_or(application.name),
            protocol: application.protocol.word(),
            active: Some(application.active),
            sign_in_url: text(application.sso_url),
            logo_url: text(application.logo),
            created_at: Some(application.created.0),
            id: application.id,
        });
    }
    for number in 0..books.ldap_count() {
        let server = books.ldap(number);
        grant(books, &mut expected, Resource::Ldap, number, &server.id);
        expected.applications.push(directory(server, "ldap"));
    }
    for number in 0..books.radius_count() {
        let server = books.radius(number);
        grant(books, &mut expected, Resource::Radius, number, &server.id);
        expected.applications.push(directory(server, "radius"));
    }
    expected.sorted()
}

fn user(user: SystemUser) -> User {
    let status = match (user.state.unwrap_or(State::Activated), user.suspended, user.locked) {
        (State::Suspended, ..) | (_, true, _) => "suspended",
        (State::Staged, ..) => "pending",
        (State::Activated, false, Some(_)) => "locked",
        (State::Activated, false, None) => "active",
    };
    User {
        id: user.id,
        status,
        user_name: text(user.user_name),
        email: text(user.email),
        aliases: text(user.alternate_email).into_iter().collect(),
        display_name: text(user.display).or_else(|| text(format!("{} {}", user.first, user.last).trim().to_owned())),
        given_name: text(user.first),
        family_name: text(user.last),
        external_id: user.employee.clone(),
        employee_number: user.employee,
        manager_id: text(user.manager),
        title: text(user.title),
        department: text(user.department),
        administrator: None,
        mfa: Some(user.mfa),
        created_at: Some(user.created.0),
        updated_at: None,
        last_seen_at: None,
    }
}

fn admin(admin: Admin) -> User {
    User {
        id: format!("admin:{}", admin.id),
        status: if admin.suspended { "suspended" } else { "active" },
        user_name: text(admin.email.clone()),
        email: text(admin.email),
        display_name: text(format!("{} {}", admin.first, admin.last).trim().to_owned()),
        given_name: text(admin.first),
        family_name: text(admin.last),
        administrator: Some(true),
        mfa: Some(admin.enrolled),
        created_at: Some(admin.created.0),
        ..User::default()
    }
}

fn directory(server: Server, protocol: &'static str) -> Application {
    let Server { id, name, .. } = server;
    Application { id, name, protocol, active: None, sign_in_url: None, logo_url: None, created_at: None }
}

fn grant(books: &JumpCloud, expected: &mut Expected, resource: Resource, number: u32, target: &str) {
    for principal in books.access(resource, number) {
        let (kind, id) = match principal {
            Principal::User(key) => ("user", books.user_id(key)),
            Principal::Group(number) => ("group", books.group_id(number)),
        };
        expected.grants.push(Grant { principal_kind: kind, ..Grant::of_user(&id, "application", target) });
    }
}
