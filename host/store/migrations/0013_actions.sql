-- Which actions may change something through a connection, by name: what a later version of a connector adds is not permitted by it.

CREATE TABLE action_permits (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    action TEXT NOT NULL,
    permitted_by TEXT NOT NULL,
    why TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant, connection, action)
);

-- A tenant that has all its actions stopped, whatever its connections permit.

CREATE TABLE action_stops (
    tenant TEXT NOT NULL PRIMARY KEY,
    stopped_by TEXT NOT NULL,
    why TEXT,
    at BIGINT NOT NULL
);

-- Every action that was asked for. It stands here as started before the vendor is asked. Input and preview are without secrets.

CREATE TABLE action_runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    connector TEXT NOT NULL,
    digest TEXT NOT NULL,
    action TEXT NOT NULL,
    label TEXT NOT NULL,
    changes BIGINT NOT NULL,
    repeatable BIGINT NOT NULL,
    state TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    requested_by TEXT NOT NULL,
    through TEXT,
    why TEXT,
    input TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    key TEXT,
    preview TEXT NOT NULL,
    ended_at BIGINT,
    summary TEXT,
    effects TEXT,
    output TEXT,
    failure TEXT,
    notes TEXT NOT NULL,
    session BIGINT,
    requests BIGINT NOT NULL
);

CREATE UNIQUE INDEX action_runs_by_key ON action_runs (tenant, connection, key) WHERE key IS NOT NULL;
CREATE INDEX action_runs_by_tenant ON action_runs (tenant, changes, id);
CREATE INDEX action_runs_by_connection ON action_runs (tenant, connection, id);
CREATE INDEX action_runs_started ON action_runs (tenant, connection) WHERE state = 'started';

-- What an action touched while a session was open: rows that the session had staged by then (up to `row`) are older than the action.

CREATE TABLE touched (
    session BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    row BIGINT NOT NULL,
    gone BIGINT NOT NULL,
    PRIMARY KEY (session, kind, id)
);

-- What an action answered about one account: the newest answer of each action. Stale: an action has touched the account since.

CREATE TABLE action_answers (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    id TEXT NOT NULL,
    action TEXT NOT NULL,
    run BIGINT NOT NULL,
    at BIGINT NOT NULL,
    stale BIGINT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (tenant, connection, id, action)
);
