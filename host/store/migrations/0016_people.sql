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
