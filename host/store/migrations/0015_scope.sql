-- === scope
--
-- Records that a session's filters drop, judged by all that was read of each: they are staged as others are, so never missing, and out of
-- scope, so never brought in.

DROP TABLE dropped;
CREATE TABLE dropped (
    session BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    filter TEXT NOT NULL,
    PRIMARY KEY (session, kind, id)
) WITHOUT ROWID;

-- === people
--
-- `ended_at`: since when an account has been inactive or suspended; null where it isn't, or was already when it was first seen. `able_at`:
-- when it was last seen otherwise before. `left_out_at`: where it equals `gone_at`, the account isn't gone but out of scope.

ALTER TABLE users ADD COLUMN ended_at BIGINT;
ALTER TABLE users ADD COLUMN able_at BIGINT;
ALTER TABLE users ADD COLUMN left_out_at BIGINT;

UPDATE users SET ended_at = changed_at WHERE status IN ('inactive', 'suspended') AND changed_at > first_seen_at;
-- Only what is taken out of scope is removed by no session.
UPDATE users SET left_out_at = gone_at WHERE gone_at IS NOT NULL AND (tenant, connection, id, gone_at) IN (
    SELECT tenant, connection, id, at FROM changes WHERE kind = 'user' AND what = 'removed' AND session IS NULL);

-- Keys under which an account was somebody's, until a person confirmed that it is theirs under another. They may be given to others now.
CREATE TABLE former_keys (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    id TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (tenant, connection, id, key),
    FOREIGN KEY (tenant, connection, id) REFERENCES links (tenant, connection, id) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE INDEX former_keys_by_key ON former_keys (tenant, key);

DROP INDEX links_by_person;
CREATE INDEX links_by_person ON links (tenant, person, connection) WHERE person IS NOT NULL;
CREATE INDEX links_waiting_by_key ON links (tenant, key, connection, id) WHERE person IS NULL AND key IS NOT NULL;

-- Grants that came through a group go with it.
CREATE INDEX grants_by_via ON grants (tenant, connection, via_id) WHERE via_id IS NOT NULL;
