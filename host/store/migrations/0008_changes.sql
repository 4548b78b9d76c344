-- === what changed
--
-- Each tenant's changes, numbered in the order in which they were committed, so that whoever follows them by number misses and repeats
-- nothing. Written in the transaction of what they tell. `fields` is what was updated, as JSON: {field: [before, after]}.

CREATE TABLE changes (
    tenant TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    connection TEXT NOT NULL,
    session BIGINT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    what TEXT NOT NULL,
    name TEXT,
    fields TEXT,
    PRIMARY KEY (tenant, number)
) WITHOUT ROWID;

-- The number of a tenant's last change, and of the last one that was cut off to keep the bound.
CREATE TABLE change_heads (
    tenant TEXT NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL,
    cut BIGINT NOT NULL
) WITHOUT ROWID;

-- Which numbers one transaction wrote: the changes of a session are found by them.
CREATE TABLE change_sets (
    tenant TEXT NOT NULL,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    at BIGINT NOT NULL,
    connection TEXT NOT NULL,
    session BIGINT,
    PRIMARY KEY (tenant, first)
) WITHOUT ROWID;

CREATE INDEX change_sets_by_session ON change_sets (tenant, session) WHERE session IS NOT NULL;

-- What a connection's newest test run would have changed (`what`), and what of it would have waited (`how`).
CREATE TABLE test_changes (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    session BIGINT NOT NULL,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    what TEXT,
    how TEXT,
    name TEXT,
    fields TEXT,
    PRIMARY KEY (tenant, connection, session, number)
) WITHOUT ROWID;

-- === what may be lost
--
-- What syncs do with new, changed and missing records of a connection, as JSON. No row: the defaults.
CREATE TABLE preferences (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    preferences TEXT NOT NULL,
    PRIMARY KEY (tenant, connection)
);

-- What a session would take away, and how it was lost: filled and emptied while a session is applied. `fields` is what the vendor changed,
-- `waits` whether it stays whatever else is decided: it waits for a person already, was turned down, or stays by preference.
CREATE TABLE lost (
    session BIGINT NOT NULL,
    kind TEXT NOT NULL,
    how TEXT NOT NULL,
    id TEXT NOT NULL,
    fields TEXT,
    waits BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (session, kind, how, id)
) WITHOUT ROWID;

-- How many records of each kind were there after each session of the last day, and after the one before it.
CREATE TABLE totals (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    kind TEXT NOT NULL,
    at BIGINT NOT NULL,
    present BIGINT NOT NULL,
    PRIMARY KEY (tenant, connection, kind, at)
) WITHOUT ROWID;

-- What was lost in the last day without a person's consent, so that many small losses add up.
CREATE TABLE losses (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    kind TEXT NOT NULL,
    how TEXT NOT NULL,
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant, connection, kind, how, id)
) WITHOUT ROWID;

-- Removals that wait for a person (`held`: at most one a connection), or that a person or time turned down (`rejected`, `expired`): the
-- session that found them out, since when removals of this connection have waited, and why.
CREATE TABLE holds (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    session BIGINT NOT NULL,
    state TEXT NOT NULL,
    since BIGINT NOT NULL,
    at BIGINT NOT NULL,
    reasons TEXT NOT NULL,
    PRIMARY KEY (tenant, connection, session)
);

CREATE UNIQUE INDEX holds_open ON holds (tenant, connection) WHERE state = 'held';

-- The records of holds: each in one at most. They stay as they are, until a person releases them or they are back. `hash` is the row's when
-- it was held.
CREATE TABLE held (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    kind TEXT NOT NULL,
    how TEXT NOT NULL,
    id TEXT NOT NULL,
    session BIGINT NOT NULL,
    hash BLOB NOT NULL,
    name TEXT,
    fields TEXT,
    PRIMARY KEY (tenant, connection, kind, how, id)
);

-- Who decided what about a session's removals, and why.
CREATE TABLE decisions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    session BIGINT NOT NULL,
    at BIGINT NOT NULL,
    verdict TEXT NOT NULL,
    person TEXT NOT NULL,
    reason TEXT NOT NULL,
    outcome TEXT NOT NULL
);

CREATE INDEX lost_by_id ON lost (session, kind, id);

CREATE INDEX decisions_by_session ON decisions (tenant, session);
