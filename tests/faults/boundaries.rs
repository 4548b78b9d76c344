//! Every page of every list that the connectors read, and what is known of each.

use headcount_vendors::truth::Expected;
use headcount_vendors::{Fault, Rule, Vendor};

use crate::world::World;

/// A page at which something may go wrong.
#[derive(Clone, Debug)]
pub struct Boundary {
    /// The list's name: its feed's, or `check`.
    pub list: &'static str,
    /// From 1.
    pub page: u32,
    /// How many pages it has.
    pub pages: u32,
    path: String,
    query: &'static str,
    /// The first request that is meant: the check may ask for the same page.
    from: u32,
    /// The vendor's longest list.
    pub main: bool,
    /// The parent whose list it is.
    pub parent: Option<String>,
    /// The vendor states how many rows there are.
    pub total: bool,
    /// The next page is asked for by the last row's key, so that rows can't shift.
    pub keyset: bool,
    /// Its rows have dates.
    pub dates: bool,
    /// Other lists are read for each of its rows.
    pub parents: bool,
}

/// A list, without its pages.
#[derive(Clone, Copy, Default)]
struct List {
    name: &'static str,
    path: &'static str,
    query: &'static str,
    pages: u32,
    total: bool,
    keyset: bool,
    dates: bool,
    parents: bool,
}

const JETBRAINS: &[List] = &[
    List { name: "check", path: "/api/v1/token", pages: 1, ..LIST },
    List { name: "licenses", path: "/api/v1/customer/licenses", pages: 3, total: true, dates: true, ..LIST },
];
const TINES: &[List] = &[
    List { name: "check", path: "/api/v1/info", pages: 1, ..LIST },
    List { name: "users", path: "/api/v1/admin/users", query: "per_page=500", pages: 3, dates: true, ..LIST },
    List { name: "teams", path: "/api/v1/teams", pages: 2, parents: true, ..LIST },
    List { name: "roles", path: "/api/v1/admin/roles", pages: 2, ..LIST },
    List { name: "members", path: "/api/v1/teams/{}/members", pages: 2, ..LIST },
];
const KANDJI: &[List] = &[
    List { name: "check", path: "/api/v1/users", pages: 1, ..LIST },
    List { name: "users", path: "/api/v1/users", pages: 3, keyset: true, dates: true, ..LIST },
    List { name: "devices", path: "/api/v1/devices", query: "limit=300", pages: 3, total: true, dates: true, ..LIST },
];
const JUMPCLOUD: &[List] = &[
    List { name: "check", path: "/api/organizations", pages: 1, ..LIST },
    List { name: "users", path: "/api/systemusers", pages: 3, total: true, dates: true, ..LIST },
    List { name: "admins", path: "/api/users", pages: 2, total: true, dates: true, ..LIST },
    List { name: "groups", path: "/api/v2/usergroups", pages: 2, total: true, parents: true, ..LIST },
    List { name: "members", path: "/api/v2/usergroups/{}/members", pages: 3, total: true, ..LIST },
    List { name: "applications", path: "/api/applications", pages: 2, total: true, dates: true, parents: true, ..LIST },
    List {
        name: "app-access",
        path: "/api/v2/applications/{}/associations",
        query: "targets=user&",
        pages: 1,
        total: true,
        ..LIST
    },
    List { name: "ldap", path: "/api/v2/ldapservers", pages: 2, total: true, parents: true, ..LIST },
    List {
        name: "ldap-access",
        path: "/api/v2/ldapservers/{}/associations",
        query: "targets=user_group",
        pages: 1,
        total: true,
        ..LIST
    },
    List { name: "radius", path: "/api/radiusservers", pages: 1, total: true, parents: true, ..LIST },
    List {
        name: "radius-access",
        path: "/api/v2/radiusservers/{}/associations",
        query: "targets=user_group",
        pages: 1,
        total: true,
        ..LIST
    },
];
const LIST: List = List { name: "", path: "", query: "", pages: 1, total: false, keyset: false, dates: false, parents: false };

/// All pages of a vendor's lists. Of lists that are read for each parent, the longest.
pub fn of(world: &World) -> Vec<Boundary> {
    let lists = match world.vendor {
        Vendor::JetBrains => JETBRAINS,
        Vendor::Tines => TINES,
        Vendor::Kandji => KANDJI,
        Vendor::JumpCloud => JUMPCLOUD,
    };
    let truth = world.servers.truth(world.vendor);
    let pages = |list: &List| {
        let parent = list.path.contains("{}").then(|| parent_of(&truth, list.name));
        let list = *list;
        (1..=list.pages).map(move |page| Boundary {
            list: list.name,
            page,
            pages: list.pages,
            path: list.path.replace("{}", parent.as_deref().unwrap_or_default()),
            query: list.query,
            main: ["licenses", "users"].contains(&list.name),
            from: if list.path == "/api/v1/users" && list.name == "users" && page == 1 { 2 } else { 1 },
            parent: parent.clone(),
            total: list.total,
            keyset: list.keyset,
            dates: list.dates,
            parents: list.parents,
        })
    };
    lists.iter().flat_map(pages).collect()
}

/// The group, application or server that most hold.
fn parent_of(truth: &Expected, list: &str) -> String {
    let (kind, protocol) = match list {
        "members" => ("group", None),
        "ldap-access" => ("application", Some("ldap")),
        "radius-access" => ("application", Some("radius")),
        _ => ("application", None),
    };
    let fits = |id: &str| match kind {
        "group" => true,
        _ => truth.applications.iter().any(|app| {
            app.id == id && protocol.map_or(!["ldap", "radius"].contains(&app.protocol), |protocol| app.protocol == protocol)
        }),
    };
    let held = |id: &str| truth.grants.iter().filter(|grant| grant.target_kind == kind && grant.target == id).count();
    let targets = truth.grants.iter().filter(|grant| grant.target_kind == kind && fits(&grant.target));
    targets.map(|grant| grant.target.clone()).max_by_key(|id| held(id)).expect("somebody holds one")
}

impl Boundary {
    /// Whether the check asks for the same page.
    pub fn is_checks(&self) -> bool {
        self.list == "check" || self.from > 1
    }

    /// Strikes every request for this page.
    pub fn always(&self, fault: Fault) -> Rule {
        Rule { from: self.from, ..Rule::always(&self.path, fault).page(self.page).query(self.query) }
    }

    /// Strikes the first request for this page alone.
    pub fn once(&self, fault: Fault) -> Rule {
        self.nth(0, fault)
    }

    /// Strikes the request for this page that follows so many others.
    pub fn nth(&self, others: u32, fault: Fault) -> Rule {
        Rule { from: self.from + others, times: 1, ..self.always(fault) }
    }

    /// Strikes this request and every one after it.
    pub fn onward(&self, fault: Fault) -> Rule {
        Rule { onward: true, ..self.once(fault) }
    }
}
