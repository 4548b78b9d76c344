-- Headcount's tables, first version. Times are microseconds since 1970; lists and structures are JSON text.

-- === what the operator installed

CREATE TABLE connectors (
    id TEXT NOT NULL PRIMARY KEY,
    digest TEXT NOT NULL,
    manifest TEXT NOT NULL,
    size BIGINT NOT NULL,
    installed_at BIGINT NOT NULL
);

-- === connections of the tenants

CREATE TABLE connections (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    connector TEXT NOT NULL,
    settings TEXT NOT NULL,
    life TEXT NOT NULL,
    health TEXT NOT NULL,
    baseline TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE credentials (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    field TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, connection, field),
    FOREIGN KEY (tenant, connection) REFERENCES connections (tenant, id) ON DELETE CASCADE
);

-- === sessions and what they stage

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    digest TEXT NOT NULL,
    state TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    touched_at BIGINT NOT NULL,
    ended_at BIGINT,
    counters TEXT NOT NULL,
    scope TEXT,
    failure TEXT,
    notes TEXT NOT NULL,
    FOREIGN KEY (tenant, connection) REFERENCES connections (tenant, id) ON DELETE CASCADE
);

CREATE INDEX sessions_by_connection ON sessions (tenant, connection, id);

-- One open session a connection, whichever process asks.
CREATE UNIQUE INDEX sessions_open ON sessions (tenant, connection) WHERE ended_at IS NULL;

-- Where each feed (of each parent) is. An empty parent stands for none: no record has an empty id.
CREATE TABLE checkpoints (
    part INTEGER PRIMARY KEY AUTOINCREMENT,
    session BIGINT NOT NULL,
    feed TEXT NOT NULL,
    parent TEXT NOT NULL,
    feed_order BIGINT NOT NULL,
    parent_order BIGINT NOT NULL,
    page BIGINT NOT NULL,
    cursor TEXT,
    records BIGINT NOT NULL,
    UNIQUE (session, feed, parent)
);

-- Records as they were read: `place` sorts in reading order, `payload` is the record's fields as a JSON array.
CREATE TABLE staged (
    row INTEGER PRIMARY KEY,
    session BIGINT NOT NULL,
    part BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    repeats BIGINT NOT NULL,
    place BLOB NOT NULL,
    payload TEXT NOT NULL
);

CREATE INDEX staged_in_order ON staged (session, kind, id, repeats, place);
CREATE INDEX staged_by_part ON staged (part, kind, id);

-- Records that are there but could not be read.
CREATE TABLE seen (
    session BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    part BIGINT NOT NULL,
    PRIMARY KEY (session, kind, id, part)
);

CREATE INDEX seen_by_part ON seen (part);

-- The feeds (and parents) whose absent grants are missing: filled and emptied while a session is applied.
CREATE TABLE proven (
    session BIGINT NOT NULL,
    feed TEXT NOT NULL,
    parent TEXT NOT NULL,
    PRIMARY KEY (session, feed, parent)
);

-- === records
--
-- `hash` is over the record's own columns. `folded` is what text is searched in. A row that the last applied session saw has
-- no `seen_at`: its time is that of `applied`, so that a record that did not change is not written again.

CREATE TABLE applied (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    kind TEXT NOT NULL,
    session BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant, connection, kind)
);

CREATE TABLE users (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    id TEXT NOT NULL,
    hash BLOB NOT NULL,
    first_seen_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    seen_session BIGINT,
    seen_at BIGINT,
    gone_at BIGINT,
    folded TEXT NOT NULL,
    email_key TEXT,
    status TEXT,
    account_type TEXT,
    user_name TEXT,
    email TEXT,
    aliases TEXT,
    display_name TEXT,
    given_name TEXT,
    family_name TEXT,
    external_id TEXT,
    employee_number TEXT,
    manager_id TEXT,
    title TEXT,
    department TEXT,
    administrator BIGINT,
    mfa BIGINT,
    created_at BIGINT,
    updated_at BIGINT,
    last_seen_at BIGINT,
    attributes TEXT,
    PRIMARY KEY (tenant, connection, id)
);

CREATE TABLE groups (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    id TEXT NOT NULL,
    hash BLOB NOT NULL,
    first_seen_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    seen_session BIGINT,
    seen_at BIGINT,
    gone_at BIGINT,
    folded TEXT NOT NULL,
    name TEXT NOT NULL,
    category TEXT,
    description TEXT,
    email TEXT,
    attributes TEXT,
    PRIMARY KEY (tenant, connection, id)
);

CREATE TABLE roles (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    id TEXT NOT NULL,
    hash BLOB NOT NULL,
    first_seen_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    seen_session BIGINT,
    seen_at BIGINT,
    gone_at BIGINT,
    folded TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    administrator BIGINT,
    permissions TEXT,
    attributes TEXT,
    PRIMARY KEY (tenant, connection, id)
);

CREATE TABLE applications (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    id TEXT NOT NULL,
    hash BLOB NOT NULL,
    first_seen_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    seen_session BIGINT,
    seen_at BIGINT,
    gone_at BIGINT,
    folded TEXT NOT NULL,
    name TEXT NOT NULL,
    protocol TEXT,
    active BIGINT,
    description TEXT,
    sign_in_url TEXT,
    logo_url TEXT,
    created_at BIGINT,
    attributes TEXT,
    PRIMARY KEY (tenant, connection, id)
);

CREATE TABLE licenses (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    id TEXT NOT NULL,
    hash BLOB NOT NULL,
    first_seen_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    seen_session BIGINT,
    seen_at BIGINT,
    gone_at BIGINT,
    folded TEXT NOT NULL,
    product_id TEXT NOT NULL,
    product_name TEXT NOT NULL,
    quantity BIGINT,
    state TEXT,
    trial BIGINT,
    assignable BIGINT,
    transferable BIGINT,
    auto_renews BIGINT,
    subscription TEXT,
    group_id TEXT,
    valid_until BIGINT,
    assigned_at BIGINT,
    last_used_at BIGINT,
    attributes TEXT,
    PRIMARY KEY (tenant, connection, id)
);

CREATE TABLE assets (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    id TEXT NOT NULL,
    hash BLOB NOT NULL,
    first_seen_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    seen_session BIGINT,
    seen_at BIGINT,
    gone_at BIGINT,
    folded TEXT NOT NULL,
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    last_used_at BIGINT,
    attributes TEXT,
    PRIMARY KEY (tenant, connection, id)
);

CREATE TABLE grants (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    id TEXT NOT NULL,
    hash BLOB NOT NULL,
    first_seen_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    seen_session BIGINT,
    seen_at BIGINT,
    gone_at BIGINT,
    folded TEXT NOT NULL,
    principal_kind TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_id TEXT NOT NULL,
    via_kind TEXT,
    via_id TEXT,
    role TEXT,
    assigned_at BIGINT,
    expires_at BIGINT,
    last_used_at BIGINT,
    attributes TEXT,
    feed TEXT NOT NULL,
    parent TEXT NOT NULL,
    PRIMARY KEY (tenant, connection, id)
);

CREATE INDEX users_by_email ON users (tenant, email_key) WHERE email_key IS NOT NULL;
CREATE INDEX grants_by_principal ON grants (tenant, connection, principal_id, principal_kind);
CREATE INDEX grants_by_target ON grants (tenant, connection, target_id, target_kind);
CREATE INDEX grants_by_role ON grants (tenant, connection, role) WHERE role IS NOT NULL;
