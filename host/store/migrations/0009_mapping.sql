-- What an administrator set for a connection in place of its connector's standard mapping, and its filters.

CREATE TABLE mappings (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    mapping TEXT,
    filters TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, connection),
    FOREIGN KEY (tenant, connection) REFERENCES connections (tenant, id) ON DELETE CASCADE
);

-- Records that a session's filters dropped, by the list and page that they were on: they are there, so never missing, and out of scope,
-- so never brought back.

CREATE TABLE dropped (
    session BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    feed TEXT NOT NULL,
    parent TEXT NOT NULL,
    page BIGINT NOT NULL,
    filter TEXT NOT NULL,
    PRIMARY KEY (session, kind, id, feed, parent)
);
