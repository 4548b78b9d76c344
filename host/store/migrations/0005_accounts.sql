-- What a connection's mapping made of each of its users: the key by which people are joined, and fields by target.
-- A user without a row is one that no mapping has touched: its e-mail address is its key.
-- `inputs` is a hash of all that the fields were made of, the mapping included: who has the same needs no new ones.

CREATE TABLE accounts (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    id TEXT NOT NULL,
    sync_key TEXT,
    fields TEXT NOT NULL,
    person_fields TEXT NOT NULL,
    failures TEXT,
    inputs BLOB,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, connection, id),
    FOREIGN KEY (tenant, connection, id) REFERENCES users (tenant, connection, id) ON DELETE CASCADE
);

CREATE INDEX accounts_by_key ON accounts (tenant, sync_key) WHERE sync_key IS NOT NULL;
