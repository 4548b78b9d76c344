-- The audit trail: each request of each connector, numbered by tenant in the order in which they came. It outlives the connections
-- and sessions that it tells of, and is bounded by number and age. What is searched for stands in columns of its own.

CREATE TABLE audit (
    tenant TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    connection TEXT NOT NULL,
    session BIGINT,
    connector TEXT,
    host TEXT NOT NULL,
    decision TEXT NOT NULL,
    request TEXT NOT NULL,
    PRIMARY KEY (tenant, number)
) WITHOUT ROWID;

CREATE INDEX audit_by_time ON audit (tenant, at);
CREATE INDEX audit_denied ON audit (tenant, number) WHERE decision <> 'allowed';
