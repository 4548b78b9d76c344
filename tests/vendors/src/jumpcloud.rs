//! JumpCloud: two versions of one API with two envelopes, and rows that shift unless they are sorted.

mod filter;
mod graph;
mod listing;
mod refusal;
mod row;
mod v1;
mod v2;
mod writes;

use std::sync::{Arc, OnceLock};

use serde_json::json;

use crate::Company;
use crate::books::JumpCloud;
use crate::front::{Front, Reach};
use crate::guarded::Guarded;
use crate::switches::Switches;
use crate::wire::{Reply, Request};
use refusal::Refusal;

/// The server's handlers and state.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) front: Arc<Front>,
    pub(crate) books: Guarded<JumpCloud>,
    other: OnceLock<Guarded<JumpCloud>>,
}

/// A request that passed the desk.
struct Visit<'a> {
    request: &'a Request,
    switches: Switches,
    /// Where unsorted rows begin this time.
    shift: usize,
    v2: bool,
}

impl Site {
    pub(crate) fn new(front: Arc<Front>, books: JumpCloud) -> Self {
        Site { front, books: Guarded::new(books), other: OnceLock::new() }
    }

    pub(crate) fn answer(&self, request: &Request) -> Reply {
        self.try_answer(request).unwrap_or_else(Refusal::into_reply)
    }

    fn try_answer(&self, request: &Request) -> Result<Reply, Refusal> {
        let (v2, segments) = match (request.segments("/api/v2"), request.segments("/api")) {
            (Some(segments), _) => (true, segments),
            (None, Some(segments)) => (false, segments),
            (None, None) => return Err(Refusal::NotFound),
        };
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let switches = self.front.switches.read().clone();
        let reach = self.front.reach(request.header("x-api-key"));
        if reach == Reach::Revoked {
            return Err(Refusal::Unauthorized { empty: !v2 && switches.jumpcloud_empty_unauthorized });
        }
        let books = self.books(reach);
        self.organization(request, &parts, &switches, &books.read().organization().0)?;
        const HIDDEN: [&str; 4] = ["applications", "users", "radiusservers", "ldapservers"];
        if reach == Reach::Narrow && parts.first().is_some_and(|first| HIDDEN.contains(first)) {
            return Err(Refusal::Forbidden);
        }
        if reach == Reach::ReadOnly && request.method != http::Method::GET && parts.first() != Some(&"search") {
            return Err(Refusal::Forbidden);
        }
        let shift = if switches.jumpcloud_unsorted_shifts { self.front.count() as usize * 3 } else { 0 };
        let visit = Visit { request, switches, shift, v2 };
        if v2 { v2::answer(books, &visit, &parts) } else { v1::answer(books, &visit, &parts) }
    }

    fn books(&self, reach: Reach) -> &Guarded<JumpCloud> {
        if reach != Reach::OtherOrganization {
            return &self.books;
        }
        self.other.get_or_init(|| {
            let company = *self.books.read().company();
            Guarded::new(JumpCloud::new(Company::new(company.seed() ^ 0xffff, company.people() / 2 + 1)))
        })
    }

    /// Checks `x-org-id`: needed only by keys of several organisations, but always right if sent.
    fn organization(&self, request: &Request, parts: &[&str], switches: &Switches, ours: &str) -> Result<(), Refusal> {
        match request.header("x-org-id").filter(|id| !id.is_empty()) {
            None if switches.jumpcloud_multi_tenant && parts.first() != Some(&"organizations") => {
                Err(Refusal::Unauthorized { empty: false })
            }
            None => Ok(()),
            Some(id) if id.len() != 24 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                Err(Refusal::Invalid("x-org-id must be 24 hexadecimal digits".to_owned()))
            }
            Some(id) if id == ours => Ok(()),
            Some(_) => Err(Refusal::NotFound),
        }
    }
}

/// Names the organisation of a key.
fn organizations(books: &JumpCloud) -> Reply {
    let (id, name) = books.organization();
    Reply::ok(&json!({ "totalCount": 1, "results": [{ "_id": id, "displayName": name, "logoUrl": "" }] }))
}
