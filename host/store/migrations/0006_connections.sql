-- Connections with who answers for them, and with states that say who noticed, when, why and what to do: `life` and `health` are
-- such facts as JSON. Times before this are those of the connection's last change.

ALTER TABLE connections ADD COLUMN shared TEXT NOT NULL DEFAULT '{}';
ALTER TABLE connections ADD COLUMN credential TEXT;
ALTER TABLE connections ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE connections ADD COLUMN contacts TEXT NOT NULL DEFAULT '[]';

UPDATE connections SET life = json_object('state', life, 'by', 'host', 'at', updated_at);
-- Until now every connection was run.
UPDATE connections SET life = json_replace(life, '$.state', 'active') WHERE life ->> 'state' = 'ready';
UPDATE connections SET health = json_object(
    'state', health ->> 'state', 'by', 'host', 'at', updated_at, 'why', coalesce(health ->> 'reason', ''));

-- Which credential a session used, by name and version.
ALTER TABLE sessions ADD COLUMN credential TEXT;

-- Credentials that several connections may use, and their sealed secrets.

CREATE TABLE named_credentials (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    connector TEXT NOT NULL,
    hosts TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    entered_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, name)
);

CREATE TABLE named_secrets (
    tenant TEXT NOT NULL,
    credential TEXT NOT NULL,
    field TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, credential, field),
    FOREIGN KEY (tenant, credential) REFERENCES named_credentials (tenant, name) ON DELETE CASCADE
);

CREATE INDEX connections_by_credential ON connections (tenant, credential) WHERE credential IS NOT NULL;

-- Values that several connections' settings refer to.

CREATE TABLE shared_values (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, name)
);
