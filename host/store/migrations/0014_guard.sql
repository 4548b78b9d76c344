-- Staged rows whose numbers never come again: what an action touched is told from what was read after it by them. Whatever was staged was
-- dropped before this step.

DROP TABLE staged;

CREATE TABLE staged (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
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

-- Grants of a feed without parent that were given another feed's parent: no list of that feed and parent could ever lack them.

UPDATE grants SET parent = '' WHERE parent <> '' AND EXISTS (
    SELECT 1 FROM connections JOIN connectors ON connectors.id = connections.connector, json_each(connectors.manifest, '$.feeds') AS feed
    WHERE connections.tenant = grants.tenant AND connections.id = grants.connection
        AND feed.value ->> '$.name' = grants.feed AND feed.value ->> '$.parent' IS NULL);

-- What another organisation's credential sees, where all that a session read waits because of that: what a release accepts (JSON).

ALTER TABLE holds ADD COLUMN scope TEXT;

-- Records that have been gone for long are found by when they went.

CREATE INDEX users_gone ON users (tenant, connection, gone_at, id) WHERE gone_at IS NOT NULL;
CREATE INDEX groups_gone ON groups (tenant, connection, gone_at, id) WHERE gone_at IS NOT NULL;
CREATE INDEX roles_gone ON roles (tenant, connection, gone_at, id) WHERE gone_at IS NOT NULL;
CREATE INDEX applications_gone ON applications (tenant, connection, gone_at, id) WHERE gone_at IS NOT NULL;
CREATE INDEX licenses_gone ON licenses (tenant, connection, gone_at, id) WHERE gone_at IS NOT NULL;
CREATE INDEX assets_gone ON assets (tenant, connection, gone_at, id) WHERE gone_at IS NOT NULL;
CREATE INDEX grants_gone ON grants (tenant, connection, gone_at, id) WHERE gone_at IS NOT NULL;
