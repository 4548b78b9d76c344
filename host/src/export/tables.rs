//! The columns of each collection.

use headcount_export::{Column, Table};

use super::Collection;

const fn t(name: &'static str) -> Column {
    Column::text(name)
}

const fn b(name: &'static str) -> Column {
    Column::boolean(name)
}

const fn at(name: &'static str) -> Column {
    Column::time(name)
}

const fn n(name: &'static str) -> Column {
    Column::integer(name)
}

const fn s(name: &'static str) -> Column {
    Column::structure(name)
}

/// What the store knows of every record, after the record's own columns.
macro_rules! record {
    ($table:ident, $name:literal, $($column:expr),+ $(,)?) => {
        const $table: Table = Table {
            name: $name,
            columns: &[
                t("connection"),
                $($column,)+
                Column::json_text("attributes"),
                at("first-seen-at"),
                at("changed-at"),
                at("last-seen-in-sync-at"),
                at("gone-at"),
            ],
        };
    };
}

record!(
    USERS,
    "users",
    t("id"),
    t("status"),
    t("account-type"),
    t("user-name"),
    t("email"),
    s("aliases"),
    t("display-name"),
    t("given-name"),
    t("family-name"),
    t("external-id"),
    t("employee-number"),
    t("manager-id"),
    t("title"),
    t("department"),
    b("administrator"),
    b("mfa"),
    at("created-at"),
    at("updated-at"),
    at("last-seen-at"),
);
record!(GROUPS, "groups", t("id"), t("name"), t("category"), t("description"), t("email"));
record!(ROLES, "roles", t("id"), t("name"), t("description"), b("administrator"), s("permissions"));
record!(
    APPLICATIONS,
    "applications",
    t("id"),
    t("name"),
    t("protocol"),
    b("active"),
    t("description"),
    t("sign-in-url"),
    t("logo-url"),
    at("created-at"),
);
record!(
    LICENSES,
    "licenses",
    t("id"),
    t("product-id"),
    t("product-name"),
    n("quantity"),
    t("state"),
    b("trial"),
    b("assignable"),
    b("transferable"),
    b("auto-renews"),
    t("subscription"),
    t("group-id"),
    s("holders"),
    at("valid-until"),
    at("assigned-at"),
    at("last-used-at"),
);
record!(ASSETS, "assets", t("id"), t("name"), t("category"), at("last-used-at"));
record!(
    GRANTS,
    "grants",
    t("key"),
    t("principal-kind"),
    t("principal-id"),
    t("target-kind"),
    t("target-id"),
    t("via-kind"),
    t("via-id"),
    t("role"),
    at("assigned-at"),
    at("expires-at"),
    at("last-used-at"),
);

const PEOPLE: Table = Table {
    name: "people",
    columns: &[
        t("id"),
        t("key"),
        t("email"),
        t("name"),
        at("since"),
        n("accounts"),
        n("usable-accounts"),
        s("connections"),
        b("administrator"),
        s("fields"),
    ],
};

const LINKS: Table = Table {
    name: "links",
    columns: &[
        t("connection"),
        t("account"),
        t("person"),
        t("how"),
        t("linked-key"),
        t("key"),
        at("since"),
        t("decided-by"),
        t("reason"),
        t("unlinked-because"),
        at("gone-at"),
    ],
};

const ACCOUNTS: Table = Table {
    name: "accounts",
    columns: &[
        t("connection"),
        t("account"),
        t("sync-key"),
        s("fields"),
        s("person-fields"),
        s("failures"),
        at("changed-at"),
        at("gone-at"),
    ],
};

const CONNECTIONS: Table = Table {
    name: "connections",
    columns: &[
        t("id"),
        t("name"),
        t("connector"),
        t("software"),
        b("directory"),
        t("base-url"),
        s("settings"),
        t("owner"),
        s("contacts"),
        s("life"),
        s("health"),
        at("created-at"),
        at("updated-at"),
    ],
};

const SESSIONS: Table = Table {
    name: "sessions",
    columns: &[
        n("id"),
        t("connection"),
        t("digest"),
        s("credential"),
        t("state"),
        at("started-at"),
        at("ended-at"),
        s("counters"),
        s("scope"),
        s("failure"),
        s("notes"),
        n("action"),
    ],
};

const DECISIONS: Table = Table {
    name: "decisions",
    columns: &[n("number"), t("connection"), n("session"), at("at"), t("verdict"), t("person"), t("reason"), s("outcome")],
};

const ACTIONS: Table = Table {
    name: "actions",
    columns: &[
        n("id"),
        t("connection"),
        t("connector"),
        t("digest"),
        t("action"),
        t("label"),
        b("changes"),
        b("repeatable"),
        t("state"),
        at("requested-at"),
        t("requested-by"),
        t("through"),
        t("why"),
        t("key"),
        s("input"),
        s("preview"),
        at("ended-at"),
        t("summary"),
        s("effects"),
        s("output"),
        s("failure"),
        s("notes"),
        n("session"),
        n("requests"),
    ],
};

const NOTICES: Table = Table {
    name: "notices",
    columns: &[
        n("number"),
        at("at"),
        t("connection"),
        t("cause"),
        t("kind"),
        n("session"),
        t("what"),
        t("next"),
        at("read-at"),
        n("withheld"),
    ],
};

const CHANGES: Table = Table {
    name: "changes",
    columns: &[n("number"), at("at"), t("connection"), n("session"), t("kind"), t("id"), t("what"), t("name"), s("fields")],
};

const SOFTWARE: Table = Table {
    name: "software",
    columns: &[
        t("id"),
        t("vendor"),
        t("name"),
        t("category"),
        t("logo"),
        t("connector"),
        s("connections"),
        at("created-at"),
        at("changed-at"),
    ],
};

impl Collection {
    /// Its name and columns.
    pub fn table(self) -> &'static Table {
        match self {
            Collection::Users => &USERS,
            Collection::Groups => &GROUPS,
            Collection::Roles => &ROLES,
            Collection::Applications => &APPLICATIONS,
            Collection::Licenses => &LICENSES,
            Collection::Assets => &ASSETS,
            Collection::Grants => &GRANTS,
            Collection::People => &PEOPLE,
            Collection::Links => &LINKS,
            Collection::Accounts => &ACCOUNTS,
            Collection::Connections => &CONNECTIONS,
            Collection::Sessions => &SESSIONS,
            Collection::Decisions => &DECISIONS,
            Collection::Actions => &ACTIONS,
            Collection::Notices => &NOTICES,
            Collection::Changes => &CHANGES,
            Collection::Software => &SOFTWARE,
        }
    }
}
