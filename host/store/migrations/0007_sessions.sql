-- What an interrupted session needs to go on where it stopped, and what its story tells.

-- Under what it runs (JSON): only under the same may it be resumed. Null: it can't be.
ALTER TABLE sessions ADD COLUMN basis TEXT;
-- When it was resumed, and since when nobody had worked on it (JSON list).
ALTER TABLE sessions ADD COLUMN resumed TEXT NOT NULL DEFAULT '[]';
-- When a person asked for its end.
ALTER TABLE sessions ADD COLUMN cancel_asked_at BIGINT;
-- How it ends (JSON), from the transaction that applied it until its end.
ALTER TABLE sessions ADD COLUMN ending TEXT;

-- What reading needs to go on with this list (JSON text, opaque to the store).
ALTER TABLE checkpoints ADD COLUMN list TEXT;

-- The page on which a record was seen.
ALTER TABLE seen ADD COLUMN page BIGINT NOT NULL DEFAULT 0;

-- Hashes of the cursors that were followed, to notice circles.
CREATE TABLE followed (
    session BIGINT NOT NULL,
    part BIGINT NOT NULL,
    page BIGINT NOT NULL,
    cursor BIGINT NOT NULL,
    PRIMARY KEY (session, part, page)
) WITHOUT ROWID;

-- Calls that failed, in order; each session keeps a bounded number of them.
CREATE TABLE session_errors (
    tenant TEXT NOT NULL,
    session BIGINT NOT NULL,
    number BIGINT NOT NULL,
    connection TEXT NOT NULL,
    error TEXT NOT NULL,
    PRIMARY KEY (tenant, session, number)
) WITHOUT ROWID;

CREATE INDEX session_errors_by_connection ON session_errors (tenant, connection);
