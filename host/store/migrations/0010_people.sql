-- People: persons, the accounts linked to each, the directory, and the catalogue of software.

-- The last number that was given to a person: none is given twice.
CREATE TABLE person_numbers (
    tenant TEXT NOT NULL PRIMARY KEY,
    last BIGINT NOT NULL
);

-- `key` is what the person is known by and sorted by; empty where no account has any.
CREATE TABLE persons (
    tenant TEXT NOT NULL,
    id BIGINT NOT NULL,
    key TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE INDEX persons_by_key ON persons (tenant, key, id);

-- Whose an account is. A link holds by the account's id: `key` is the account's key when it was linked, or when a person confirmed
-- the link, and a key that has changed since is a conflict to show. Without a person, the account was unlinked by hand, or it waits
-- for a person to decide; `how` says which.
CREATE TABLE links (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    id TEXT NOT NULL,
    person BIGINT,
    key TEXT,
    how TEXT NOT NULL,
    since BIGINT NOT NULL,
    decided_by TEXT,
    reason TEXT,
    PRIMARY KEY (tenant, connection, id),
    FOREIGN KEY (tenant, connection, id) REFERENCES users (tenant, connection, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant, person) REFERENCES persons (tenant, id)
);

CREATE INDEX links_by_person ON links (tenant, person) WHERE person IS NOT NULL;
CREATE INDEX links_by_key ON links (tenant, key) WHERE person IS NOT NULL AND key IS NOT NULL;
CREATE INDEX links_without_person ON links (tenant, connection, id) WHERE person IS NULL;

-- Accounts that are being correlated: filled and emptied in one transaction.
CREATE TABLE correlating (
    tenant TEXT NOT NULL,
    key TEXT NOT NULL,
    connection TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (tenant, key, connection, id)
);

-- The one connection of a tenant that says who works there.
CREATE TABLE directories (
    tenant TEXT NOT NULL PRIMARY KEY,
    connection TEXT NOT NULL,
    since BIGINT NOT NULL,
    FOREIGN KEY (tenant, connection) REFERENCES connections (tenant, id) ON DELETE CASCADE
);

-- The catalogue: what software the tenant uses. `connector` is the connector it was made from; none: made by hand.
CREATE TABLE software (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    vendor TEXT NOT NULL,
    name TEXT NOT NULL,
    category TEXT,
    logo TEXT,
    connector TEXT,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);

-- To which software each connection belongs.
CREATE TABLE software_of (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    software TEXT NOT NULL,
    how TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (tenant, connection),
    FOREIGN KEY (tenant, connection) REFERENCES connections (tenant, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant, software) REFERENCES software (tenant, id)
);

CREATE INDEX software_of_by_software ON software_of (tenant, software);

-- Connections that were there before the catalogue was.
INSERT INTO software (tenant, id, vendor, name, category, logo, connector, created_at, changed_at)
SELECT DISTINCT connections.tenant, connectors.id, json_extract(manifest, '$.vendor.name'), json_extract(manifest, '$.name'),
    json_extract(manifest, '$.vendor.category'), json_extract(manifest, '$.logo'), connectors.id, connectors.installed_at,
    connectors.installed_at
FROM connections JOIN connectors ON connectors.id = connections.connector;

INSERT INTO software_of (tenant, connection, software, how, since)
SELECT connections.tenant, connections.id, software.id, 'connector', connections.created_at
FROM connections JOIN software ON software.tenant = connections.tenant AND software.id = connections.connector;
