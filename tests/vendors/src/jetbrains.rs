//! JetBrains Account: a bare array of licenses, pages counted from 1, and HTML where JSON would be expected.

mod license;
mod refusal;
mod writes;

use std::collections::HashMap;
use std::sync::Arc;

use http::Method;
use serde_json::json;

use crate::books::JetBrains;
use crate::books::jetbrains::{PRODUCTS, TEAMS};
use crate::company::draw::draw;
use crate::front::{Front, Reach};
use crate::guarded::Guarded;
use crate::pages::Window;
use crate::switches::Assigned;
use crate::wire::{Reply, Request};
use refusal::Refusal;

/// The largest page. The vendor doesn't say; its default is the safest guess.
const LARGEST: u64 = 100;
/// How many lists are kept for their next page.
const LISTS: usize = 16;
/// The team of a token that reaches one team only.
const NARROW_TEAM: usize = 0;

/// What a list is restricted to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Filter {
    assigned: Option<bool>,
    product: Option<String>,
    email: Option<String>,
    team: Option<usize>,
}

/// Keys of a list's licenses.
type Rows = Arc<Vec<u32>>;

/// The server's handlers and state.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) front: Arc<Front>,
    pub(crate) books: Guarded<JetBrains>,
    other: Guarded<JetBrains>,
    lists: Guarded<HashMap<(Reach, Filter), Rows>>,
}

impl Site {
    pub(crate) fn new(front: Arc<Front>, books: JetBrains) -> Self {
        let company = crate::Company::new(books.company().seed() ^ 0xffff, books.company().people() / 2 + 1);
        Site { front, books: Guarded::new(books), other: Guarded::new(JetBrains::new(company)), lists: Guarded::default() }
    }

    /// The organisation's number.
    pub(crate) fn customer_code(&self, reach: Reach) -> String {
        let other = u64::from(reach == Reach::OtherOrganization);
        (1_000_000 + draw(self.books.read().company().seed(), 60, other) % 8_999_999).to_string()
    }

    /// Moves the books to another step.
    pub(crate) fn evolve(&self, step: u32) {
        self.books.write().evolve(step);
        self.lists.write().clear();
    }

    pub(crate) fn answer(&self, request: &Request) -> Reply {
        self.try_answer(request).unwrap_or_else(Refusal::into_reply)
    }

    fn try_answer(&self, request: &Request) -> Result<Reply, Refusal> {
        let Some(segments) = request.segments("/api/v1") else { return Err(Refusal::Html(404)) };
        let reach = self.authenticate(request)?;
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (get, post) = (request.method == Method::GET, request.method == Method::POST);
        match parts.as_slice() {
            ["token"] if get => Ok(self.token(reach)),
            ["token", "rotate"] if post => {
                Ok(Reply::ok(&json!({ "token": self.front.rotate(request.header("x-api-key").unwrap_or("")) })))
            }
            ["customer", "licenses"] if get => self.list(request, reach, None),
            ["customer", "teams", team, "licenses"] if get => {
                let index = TEAMS.iter().position(|known| known.0.to_string() == *team);
                let index = index.ok_or_else(|| Refusal::TeamNotFound((*team).to_owned()))?;
                if reach == Reach::Narrow && index != NARROW_TEAM {
                    return Err(Refusal::TeamMismatch(team_id(NARROW_TEAM)));
                }
                self.list(request, reach, Some(index))
            }
            ["customer", "licenses", "assign"] if post => self.change(reach, |books| writes::assign(books, request, reach)),
            ["customer", "licenses", "revoke"] if post => self.change(reach, |books| writes::revoke(books, request, reach)),
            ["customer", "changeLicensesTeam"] if post => self.change(reach, |books| writes::change_team(books, request, reach)),
            ["customer", "licenses", id] if get => {
                let books = self.books(reach).read();
                let found = books.key(id).filter(|key| reach != Reach::Narrow || books.team_of(*key) == NARROW_TEAM);
                let key = found.ok_or_else(|| Refusal::LicenseNotFound((*id).to_owned()))?;
                Ok(Reply::ok(&license::wire(books.license(key))))
            }
            ["token"] | ["token", "rotate"] | ["customer", "licenses" | "changeLicensesTeam", ..] => Err(Refusal::Html(405)),
            _ => Err(Refusal::Html(404)),
        }
    }

    fn authenticate(&self, request: &Request) -> Result<Reach, Refusal> {
        let key = request.header("x-api-key").filter(|key| !key.is_empty()).ok_or(Refusal::MissingToken)?;
        let code = request.header("x-customer-code").filter(|code| !code.is_empty()).ok_or(Refusal::MissingCustomer)?;
        let reach = self.front.reach(Some(key));
        if reach == Reach::Revoked || code != self.customer_code(reach) { Err(Refusal::InvalidToken) } else { Ok(reach) }
    }

    fn books(&self, reach: Reach) -> &Guarded<JetBrains> {
        if reach == Reach::OtherOrganization { &self.other } else { &self.books }
    }

    fn change(&self, reach: Reach, write: impl FnOnce(&mut JetBrains) -> Result<Reply, Refusal>) -> Result<Reply, Refusal> {
        if reach == Reach::ReadOnly {
            return Err(Refusal::ReadOnly);
        }
        let reply = write(&mut self.books(reach).write());
        self.lists.write().clear();
        reply
    }

    fn token(&self, reach: Reach) -> Reply {
        let team = |team: &(i64, &str)| json!({ "id": team.0, "name": team.1 });
        match reach {
            Reach::Narrow => {
                let (id, name) = TEAMS.get(NARROW_TEAM).copied().unwrap_or_default();
                Reply::ok(&json!({ "type": "TEAM", "team": { "id": id, "name": name, "role": "ADMIN" } }))
            }
            _ => {
                let role = if reach == Reach::ReadOnly { "VIEWER" } else { "ADMIN" };
                Reply::ok(&json!({ "type": "CUSTOMER", "role": role, "teams": TEAMS.iter().map(team).collect::<Vec<_>>() }))
            }
        }
    }

    fn list(&self, request: &Request, reach: Reach, team: Option<usize>) -> Result<Reply, Refusal> {
        let switches = self.front.switches.read().clone();
        let number = |name, default| request.query.number(name, default).filter(|number| *number > 0).ok_or(Refusal::Html(400));
        let (page, size) = (number("page", 1)?, number("perPage", 100)?.min(request.largest(LARGEST)));
        let assigned = match (request.query.get("assigned"), switches.jetbrains_assigned) {
            (Some("true"), _) => Some(true),
            (Some("false"), _) | (None, Assigned::FreeOnly) => Some(false),
            (Some("null"), _) | (None, Assigned::All) => None,
            (Some(_), _) => return Err(Refusal::Html(400)),
        };
        let filter = Filter {
            assigned,
            product: request.query.get("productCode").map(str::to_owned),
            email: request.query.get("assigneeEmail").map(str::to_lowercase),
            team: team.or((reach == Reach::Narrow).then_some(NARROW_TEAM)),
        };
        let books = self.books(reach).read();
        let rows = self.rows(&books, reach, filter);
        let shift = if switches.jetbrains_rows_shift { page - 1 } else { 0 };
        let total = rows.len() as u64 + shift.min(rows.len() as u64);
        let window = Window::page(page, size);
        let window = Window { skip: window.skip.saturating_sub(usize::try_from(shift).unwrap_or(usize::MAX)), ..window };
        let licenses: Vec<_> = window.of(&rows).iter().map(|key| license::wire(books.license(*key))).collect();
        let reply = Reply::ok(&licenses);
        if !switches.jetbrains_total {
            return Ok(reply);
        }
        let last = total.div_ceil(size).max(1);
        let address = |page: u64, relation: &str| {
            format!("<https://{}{}?{}>; rel=\"{relation}\"", self.front.vendor.host(), request.path, at(request, page, size))
        };
        let mut links = vec![address(1, "first"), address(last, "last")];
        if page < last {
            links.insert(0, address(page + 1, "next"));
        }
        Ok(reply.header("X-Total-Count", total).header("Link", links.join(", ")))
    }

    fn rows(&self, books: &JetBrains, reach: Reach, filter: Filter) -> Rows {
        let list = (reach, filter);
        if let Some(rows) = self.lists.read().get(&list) {
            return Arc::clone(rows);
        }
        let Filter { assigned, product, email, team } = &list.1;
        let product = product.as_ref().map(|code| PRODUCTS.iter().position(|known| known.0 == code).unwrap_or(usize::MAX));
        let rows = books
            .keys()
            .filter(|key| assigned.is_none_or(|held| books.is_held(*key) == held))
            .filter(|key| product.is_none_or(|product| books.product_of(*key) == product))
            .filter(|key| team.is_none_or(|team| books.team_of(*key) == team))
            .filter(|key| email.as_ref().is_none_or(|email| writes::is_held_by(books, *key, email)));
        let rows = Arc::new(rows.collect::<Vec<u32>>());
        let mut lists = self.lists.write();
        if lists.len() >= LISTS {
            lists.clear();
        }
        lists.insert(list, Arc::clone(&rows));
        rows
    }
}

fn team_id(index: usize) -> i64 {
    TEAMS.get(index).map_or(0, |team| team.0)
}

/// The query of another page of the same list.
fn at(request: &Request, page: u64, size: u64) -> String {
    let kept = request.query.pairs().filter(|pair| !matches!(pair.0, "page" | "perPage"));
    let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let mut query: Vec<String> = kept.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    query.extend([format!("page={page}"), format!("perPage={size}")]);
    query.join("&")
}
