-- When connections run. The row of a connection is its place in the queue, too: while nobody runs it, `due_at` is when it may be taken;
-- taking it sets `worker` and puts `due_at` off by a lease, so that a worker that died gives it back. The fence counts the takings: who
-- comes with an older one is too late.

CREATE TABLE schedules (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    rhythm TEXT NOT NULL,
    paused BIGINT NOT NULL,
    planned_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    requested_at BIGINT,
    missed_at BIGINT,
    worker TEXT,
    fence BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    PRIMARY KEY (tenant, connection),
    FOREIGN KEY (tenant, connection) REFERENCES connections (tenant, id) ON DELETE CASCADE
);

CREATE INDEX schedules_due ON schedules (due_at);
