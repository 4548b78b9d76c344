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
