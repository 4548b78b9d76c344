//! Teams and their members.

use serde_json::json;

use super::refusal::Refusal;
use super::{Site, account};
use crate::books::tines::Team;
use crate::wire::{Reply, Request};

/// A team of either sort, before its name is made.
#[derive(Clone, Copy)]
enum Sort {
    Standard(u32),
    Personal(u32),
}

impl Site {
    pub(super) fn teams(&self, request: &Request) -> Result<Reply, Refusal> {
        let books = self.books.read();
        let scope = match (request.query.get("scope"), request.query.get("include_personal_teams")) {
            (None, Some("true")) => "all",
            (scope, _) => scope.unwrap_or("standard"),
        };
        let (standard, personal) = match scope {
            "all" => (true, true),
            "standard" => (true, false),
            "personal_only" => (false, true),
            _ => return Err(Refusal::Invalid("scope", "is not included in the list")),
        };
        let mut rows: Vec<Sort> = Vec::new();
        if standard {
            rows.extend((0..books.standard_teams()).map(Sort::Standard));
        }
        if personal {
            rows.extend(books.owners_of_personal().into_iter().map(Sort::Personal));
        }
        self.list(request, "teams", &rows, false, |sort| {
            let Team { id, name, personal } = match sort {
                Sort::Standard(number) => books.team(*number),
                Sort::Personal(key) => books.personal(*key),
            };
            let groups = if personal || id % 2 == 0 { json!([]) } else { json!([{ "id": id * 10, "name": "Production" }]) };
            json!({ "id": id, "name": name, "groups": groups })
        })
    }

    pub(super) fn members(&self, request: &Request, id: &str) -> Result<Reply, Refusal> {
        let books = self.books.read();
        let team = id.parse().ok().and_then(|id| books.team_by_id(id)).ok_or(Refusal::NotFound)?;
        let members = books.members(team.id);
        self.list(request, "members", &members, true, |key| {
            let account = books.account(*key);
            let role = account.memberships.iter().find(|membership| membership.team == team.id);
            let role = role.map(|membership| membership.role.clone()).unwrap_or_default();
            account::member(account, role)
        })
    }
}
