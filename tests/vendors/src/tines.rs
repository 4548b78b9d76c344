//! Tines: lists under the literal name of their route, with absolute links to the next page.

mod account;
mod refusal;
mod teams;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::books::Tines;
use crate::books::tines::{CUSTOM_ROLES, DEFAULT_ROLES};
use crate::front::{Front, Reach};
use crate::guarded::Guarded;
use crate::pages::Window;
use crate::wire::{Reply, Request};
use refusal::Refusal;

/// The largest page.
const LARGEST: u64 = 500;

/// The server's handlers and state.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) front: Arc<Front>,
    pub(crate) books: Guarded<Tines>,
}

impl Site {
    pub(crate) fn new(front: Arc<Front>, books: Tines) -> Self {
        Site { front, books: Guarded::new(books) }
    }

    pub(crate) fn answer(&self, request: &Request) -> Reply {
        self.try_answer(request).unwrap_or_else(Refusal::into_reply)
    }

    fn try_answer(&self, request: &Request) -> Result<Reply, Refusal> {
        let segments = request.segments("/api/v1").ok_or(Refusal::NotFound)?;
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let reach = self.front.reach(request.bearer().or_else(|| request.header("x-user-token")));
        if matches!(reach, Reach::Revoked | Reach::OtherOrganization) {
            return Err(Refusal::Unauthorized);
        }
        let (bucket, limit) = match parts.as_slice() {
            ["admin", "users", ..] => ("users", 500),
            ["audit_logs"] => ("audit", 1_000),
            _ => ("default", 5_000),
        };
        self.front.pace(bucket, limit, Duration::from_secs(60)).ok_or(Refusal::TooMany)?;
        if reach == Reach::Narrow && matches!(parts.first(), Some(&"admin" | &"audit_logs")) {
            return Err(Refusal::Forbidden);
        }
        if reach == Reach::ReadOnly && request.method != Method::GET {
            return Err(Refusal::Forbidden);
        }
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["info"]) => Ok(Reply::ok(&json!({
                "stack": { "name": "acme-eu-1", "type": "shared", "region": "eu-west-1", "egress_ips": ["192.0.2.10", "192.0.2.11"] }
            }))),
            ("GET", ["admin", "users"]) => self.users(request),
            ("GET", ["admin", "users", id]) => {
                let books = self.books.read();
                let key = key_of(&books, id)?;
                Ok(Reply::ok(&account::wire(books.account(key), false)))
            }
            ("GET", ["admin", "users", id, "signin_activities"]) => self.sign_ins(request, id),
            ("GET", ["admin", "roles"]) => self.roles(request),
            ("GET", ["teams"]) => self.teams(request),
            ("GET", ["teams", id, "members"]) => self.members(request, id),
            ("GET", ["audit_logs"]) => self.audit(request),
            ("POST", ["admin", "users"]) => writes::create(&mut self.books.write(), request),
            ("PUT", ["admin", "users", id]) => writes::update(&mut self.books.write(), id, request),
            ("DELETE", ["admin", "users", id]) => writes::delete(&mut self.books.write(), id),
            ("POST", ["admin", "users", id, "resend_invitation" | "expire_session"]) => {
                key_of(&self.books.read(), id).map(|_| Reply::ok(&json!({})))
            }
            ("POST", ["teams", id, "invite_member"]) => writes::invite(&mut self.books.write(), id, request),
            ("POST", ["teams", id, "remove_member"]) => writes::remove_member(&mut self.books.write(), id, request),
            ("POST", ["teams", _, "resend_invitation"]) => Ok(Reply::ok(&json!({}))),
            _ => Err(Refusal::NotFound),
        }
    }

    fn users(&self, request: &Request) -> Result<Reply, Refusal> {
        let books = self.books.read();
        let with_memberships = self.front.switches.read().tines_memberships
            && request.query.all("include").flat_map(|include| include.split(',')).any(|include| include == "team_memberships");
        let row = |key: &u32| account::wire(books.account(*key), with_memberships);
        match request.query.get("filter") {
            Some("TENANT_OWNER") => {
                let owners: Vec<u32> = books.rows().iter().copied().filter(|key| books.is_admin(*key)).collect();
                self.list(request, "admin/users", &owners, false, row)
            }
            Some(_) => Err(Refusal::Invalid("filter", "is not included in the list")),
            None => self.list(request, "admin/users", books.rows(), false, row),
        }
    }

    fn roles(&self, request: &Request) -> Result<Reply, Refusal> {
        let made = self.books.read().company().evolve(0).now().minus_days(200);
        let mut roles: Vec<Value> = Vec::new();
        for (id, name, permissions) in DEFAULT_ROLES {
            roles.push(json!({ "id": id, "name": name, "type": "default", "description": format!("{name} of a team"),
                "permissions": permissions, "created_at": null, "updated_at": null, "builder": *id != "VIEWER" }));
        }
        for (id, name, permissions) in CUSTOM_ROLES {
            roles.push(json!({ "id": id, "name": name, "type": "custom", "description": "", "permissions": permissions,
                "created_at": made.millis(), "updated_at": made.millis(), "builder": true }));
        }
        self.list(request, "admin/roles", &roles, true, Value::clone)
    }

    fn sign_ins(&self, request: &Request, id: &str) -> Result<Reply, Refusal> {
        let books = self.books.read();
        let key = key_of(&books, id)?;
        let account = books.account(key);
        let row = account.seen.map(|seen| {
            json!({ "id": account.id * 10, "user_id": account.id, "created_at": seen.millis(), "ip": "192.0.2.20", "user_agent": "Mozilla/5.0" })
        });
        self.list(request, "admin/login_activities", &row.into_iter().collect::<Vec<_>>(), true, Value::clone)
    }

    fn audit(&self, request: &Request) -> Result<Reply, Refusal> {
        let books = self.books.read();
        let at = books.company().now().minus_days(1).millis();
        let rows: Vec<Value> = books.rows().iter().take(40).enumerate().map(|(number, key)| {
            let account = books.account(*key);
            json!({ "id": 9_000 + number, "created_at": at, "updated_at": at, "operation_name": "Login", "inputs": {}, "outputs": {},
                "request_ip": "192.0.2.20", "request_user_agent": "Mozilla/5.0", "tenant_id": 4_711, "user_id": account.id,
                "user_email": account.email, "user_name": format!("{} {}", account.first, account.last) })
        }).collect();
        self.list(request, "audit_logs", &rows, true, Value::clone)
    }

    /// One page of a list, in its envelope. `odd`: the page's totals may contradict its links.
    fn list<T, W: Serialize>(
        &self,
        request: &Request,
        name: &str,
        rows: &[T],
        odd: bool,
        row: impl Fn(&T) -> W,
    ) -> Result<Reply, Refusal> {
        let number = |field, default| request.query.number(field, default).filter(|number| *number > 0);
        let page = number("page", 1).ok_or(Refusal::Invalid("page", "is not a positive number"))?;
        let size = number("per_page", 20).ok_or(Refusal::Invalid("per_page", "is not a positive number"))?;
        let size = size.min(request.largest(LARGEST));
        let shown: Vec<W> = Window::page(page, size).of(rows).iter().map(row).collect();
        let pages = (rows.len() as u64).div_ceil(size).max(1);
        let switches = self.front.switches.read();
        let next = (page < pages).then_some(page + 1);
        let odd = odd && switches.tines_odd_meta;
        let at = |page: u64| format!("https://{}{}?{}", self.front.vendor.host(), request.path, at(request, page, size));
        let mut meta = Map::new();
        meta.insert("current_page".to_owned(), json!(at(page)));
        meta.insert("previous_page".to_owned(), json!((page > 1).then(|| at(page - 1))));
        meta.insert("next_page".to_owned(), json!(next.map(at)));
        if switches.tines_next_page_number {
            meta.insert("next_page_number".to_owned(), json!(next));
        }
        meta.insert("per_page".to_owned(), json!(size));
        meta.insert("pages".to_owned(), json!(if odd { 1 } else { pages }));
        meta.insert("count".to_owned(), json!(if odd { rows.len() + 1 } else { rows.len() }));
        Ok(Reply::ok(&Listed { name, rows: shown, meta }))
    }
}

/// A list under the name of its route.
struct Listed<'a, W> {
    name: &'a str,
    rows: Vec<W>,
    meta: Map<String, Value>,
}

impl<W: Serialize> Serialize for Listed<'_, W> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry(self.name, &self.rows)?;
        map.serialize_entry("meta", &self.meta)?;
        map.end()
    }
}

fn key_of(books: &Tines, id: &str) -> Result<u32, Refusal> {
    id.parse().ok().and_then(|id| books.key(id)).ok_or(Refusal::NotFound)
}

fn at(request: &Request, page: u64, size: u64) -> String {
    let kept = request.query.pairs().filter(|pair| !matches!(pair.0, "page" | "per_page"));
    let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let mut query: Vec<String> = kept.map(|(name, value)| format!("{}={}", name, encode(value))).collect();
    query.extend([format!("page={page}"), format!("per_page={size}")]);
    query.join("&")
}
