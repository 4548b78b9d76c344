//! Making, changing and removing accounts and memberships.

use serde::Deserialize;
use serde_json::json;

use super::refusal::Refusal;
use super::{account, key_of};
use crate::books::Tines;
use crate::books::tines::{Account, Membership};
use crate::wire::{Reply, Request};

#[derive(Deserialize)]
struct Fields {
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    admin: Option<bool>,
    tenant_permissions: Option<Vec<String>>,
    is_active: Option<bool>,
}

#[derive(Deserialize)]
struct Target {
    user_id: Option<u64>,
    email: Option<String>,
    role: Option<String>,
}

/// What a tenant permission may be.
const PERMISSIONS: &[&str] = &["AUDIT_LOG_READ", "FEATURE_FLAG_MANAGE", "TUNNEL_MANAGE"];

impl Fields {
    fn read(request: &Request) -> Result<Self, Refusal> {
        let fields: Fields = serde_json::from_slice(&request.body).map_err(|_| Refusal::Invalid("body", "is not valid JSON"))?;
        let known = |permissions: &Vec<String>| permissions.iter().all(|permission| PERMISSIONS.contains(&permission.as_str()));
        if !fields.tenant_permissions.as_ref().is_none_or(known) {
            return Err(Refusal::Invalid("tenant_permissions", "is not included in the list"));
        }
        if fields.email.as_ref().is_some_and(|email| !email.contains('@')) {
            return Err(Refusal::Invalid("email", "is invalid"));
        }
        Ok(fields)
    }

    fn onto(self, account: Account) -> Account {
        Account {
            email: self.email.unwrap_or(account.email),
            first: self.first_name.unwrap_or(account.first),
            last: self.last_name.unwrap_or(account.last),
            admin: self.admin.unwrap_or(account.admin),
            permissions: self.tenant_permissions.unwrap_or(account.permissions),
            active: self.is_active.unwrap_or(account.active),
            ..account
        }
    }
}

fn blank(books: &Tines) -> Account {
    let now = books.company().now().to_millis();
    Account {
        id: 0,
        scim: None,
        email: String::new(),
        first: String::new(),
        last: String::new(),
        admin: false,
        active: true,
        permissions: Vec::new(),
        created: now,
        updated: now,
        seen: None,
        memberships: Vec::new(),
    }
}

/// POST /admin/users
pub(super) fn create(books: &mut Tines, request: &Request) -> Result<Reply, Refusal> {
    let fields = Fields::read(request)?;
    if fields.email.is_none() {
        return Err(Refusal::Invalid("email", "can't be blank"));
    }
    let account = fields.onto(blank(books));
    let key = books.add(account);
    Ok(Reply::json(201, &account::wire(books.account(key), false)))
}

/// PUT /admin/users/{id}
pub(super) fn update(books: &mut Tines, id: &str, request: &Request) -> Result<Reply, Refusal> {
    let key = key_of(books, id)?;
    let fields = Fields::read(request)?;
    let account = Account { updated: books.company().now().to_millis(), ..fields.onto(books.account(key)) };
    books.put(key, account.clone());
    Ok(Reply::ok(&account::wire(account, false)))
}

/// DELETE /admin/users/{id}
pub(super) fn delete(books: &mut Tines, id: &str) -> Result<Reply, Refusal> {
    let key = key_of(books, id)?;
    books.remove(key);
    Ok(Reply::empty(204))
}

/// POST /teams/{id}/invite_member
pub(super) fn invite(books: &mut Tines, team: &str, request: &Request) -> Result<Reply, Refusal> {
    let team = team.parse().ok().and_then(|id| books.team_by_id(id)).filter(|team| !team.personal).ok_or(Refusal::NotFound)?;
    let target: Target = serde_json::from_slice(&request.body).map_err(|_| Refusal::Invalid("body", "is not valid JSON"))?;
    let key = match (target.user_id, target.email) {
        (Some(id), _) => books.key(id).ok_or(Refusal::NotFound)?,
        (None, Some(email)) if email.contains('@') => {
            let known = books.rows().iter().copied().find(|key| books.account(*key).email.eq_ignore_ascii_case(&email));
            match known {
                Some(key) => key,
                None => {
                    let account = Account { email, ..blank(books) };
                    books.add(account)
                }
            }
        }
        _ => return Err(Refusal::Invalid("email", "can't be blank")),
    };
    let role = target.role.unwrap_or_else(|| "VIEWER".to_owned());
    let mut account = books.account(key);
    account.memberships.retain(|membership| membership.team != team.id);
    account.memberships.push(Membership { team: team.id, name: team.name, role: role.clone() });
    books.put(key, account.clone());
    Ok(Reply::ok(&account::member(Account { seen: None, ..account }, role)))
}

/// POST /teams/{id}/remove_member
pub(super) fn remove_member(books: &mut Tines, team: &str, request: &Request) -> Result<Reply, Refusal> {
    let team = team.parse().ok().and_then(|id| books.team_by_id(id)).ok_or(Refusal::NotFound)?;
    let target: Target = serde_json::from_slice(&request.body).map_err(|_| Refusal::Invalid("body", "is not valid JSON"))?;
    let id = target.user_id.ok_or(Refusal::Invalid("user_id", "can't be blank"))?;
    let key = books.key(id).ok_or(Refusal::NotFound)?;
    let mut account = books.account(key);
    let before = account.memberships.len();
    account.memberships.retain(|membership| membership.team != team.id);
    if account.memberships.len() == before {
        return Err(Refusal::NotFound);
    }
    books.put(key, account);
    Ok(Reply::ok(&json!({ "deleted_id": id })))
}
