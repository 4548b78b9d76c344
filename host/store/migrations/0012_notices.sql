-- What people are told: notices, the causes that have not passed, the channels notices are sent by, and what is still to be sent.

-- A cause that has not passed: it was told once. It goes with its connection; what was told stays.
CREATE TABLE causes (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    cause TEXT NOT NULL,
    since BIGINT NOT NULL,
    reminders BIGINT NOT NULL,
    PRIMARY KEY (tenant, connection, cause),
    FOREIGN KEY (tenant, connection) REFERENCES connections (tenant, id) ON DELETE CASCADE
);

CREATE TABLE notices (
    tenant TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    connection TEXT NOT NULL,
    cause TEXT NOT NULL,
    kind TEXT NOT NULL,
    session BIGINT,
    what TEXT NOT NULL,
    next TEXT NOT NULL,
    read_at BIGINT,
    PRIMARY KEY (tenant, number)
);

CREATE INDEX notices_unread ON notices (tenant, number) WHERE read_at IS NULL;

-- Where notices are sent. `sealed` is what signs them.
CREATE TABLE channels (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    target TEXT NOT NULL,
    sealed BLOB,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id)
);

-- One notice by one channel. While it waits, `due_at` is when it may be taken: taking it puts that off by a lease, and the fence tells
-- whoever took it last from whoever was too slow.
CREATE TABLE deliveries (
    tenant TEXT NOT NULL,
    notice BIGINT NOT NULL,
    channel TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    problem TEXT,
    ended_at BIGINT,
    PRIMARY KEY (tenant, notice, channel),
    FOREIGN KEY (tenant, notice) REFERENCES notices (tenant, number) ON DELETE CASCADE,
    FOREIGN KEY (tenant, channel) REFERENCES channels (tenant, id) ON DELETE CASCADE
);

CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'waiting';
CREATE INDEX deliveries_by_channel ON deliveries (tenant, channel);
