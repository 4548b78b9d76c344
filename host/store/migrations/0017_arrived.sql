-- What a connection's accounts were last mapped from, all of them: a hash of the mapping and of what it is told of the connection, the
-- tenant's last change by then, and the connection's last action. While nothing else comes, mapping them again would change nothing.
-- `told` is what was told of it then.

CREATE TABLE mapped (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    basis BLOB NOT NULL,
    change BIGINT NOT NULL,
    actions TEXT NOT NULL,
    told TEXT NOT NULL,
    PRIMARY KEY (tenant, connection),
    FOREIGN KEY (tenant, connection) REFERENCES connections (tenant, id) ON DELETE CASCADE
);

-- Pages as they arrive: one row each, behind one another. Their records go into `staged`, which is looked up by id, before anybody asks for
-- them: all at once, and in order. Ids come in no order, so that every page would otherwise rewrite as many pages of an index as it has
-- records. `records` is a JSON array of kind, id, whether it repeats, and payload; without payload: as it is stored.

CREATE TABLE arrived (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    session BIGINT NOT NULL,
    part BIGINT NOT NULL,
    place BLOB NOT NULL,
    records TEXT NOT NULL
);

CREATE INDEX arrived_by_session ON arrived (session);

-- A record that was stored just so when its page came has no payload.
DROP INDEX staged_by_part;
DROP INDEX staged_in_order;
ALTER TABLE staged ADD COLUMN same BIGINT NOT NULL DEFAULT 0;
CREATE INDEX staged_in_order ON staged (session, kind, id, repeats, place, same);
