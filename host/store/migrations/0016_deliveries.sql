-- Each recipient of a notice is a delivery of its own, with a fate of its own. `recipient` is an address, and empty for a webhook, or
-- where nobody was to get an e-mail. While a courier has a delivery, `taken_until` is when that ends.

CREATE TABLE deliveries_by_recipient (
    tenant TEXT NOT NULL,
    notice BIGINT NOT NULL,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    state TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    taken_until BIGINT,
    fence BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    problem TEXT,
    ended_at BIGINT,
    PRIMARY KEY (tenant, notice, channel, recipient),
    FOREIGN KEY (tenant, notice) REFERENCES notices (tenant, number) ON DELETE CASCADE,
    FOREIGN KEY (tenant, channel) REFERENCES channels (tenant, id) ON DELETE CASCADE
);

-- What is over stays as it was; an e-mail that is still to be sent becomes one for each address.
INSERT INTO deliveries_by_recipient
SELECT d.tenant, d.notice, d.channel, '', d.state, d.due_at, NULL, d.fence, d.attempts, d.problem, d.ended_at
FROM deliveries d JOIN channels c ON c.tenant = d.tenant AND c.id = d.channel
WHERE d.state <> 'waiting' OR c.target ->> 'kind' = 'webhook';

INSERT INTO deliveries_by_recipient
SELECT d.tenant, d.notice, d.channel, min(a.address), d.state, d.due_at, NULL, d.fence, d.attempts, d.problem, d.ended_at
FROM deliveries d
JOIN channels c ON c.tenant = d.tenant AND c.id = d.channel AND c.target ->> 'kind' = 'email'
JOIN notices n ON n.tenant = d.tenant AND n.number = d.notice
JOIN (
    SELECT k.tenant, k.id AS channel, NULL AS connection, trim(t.value) AS address FROM channels k, json_each(k.target, '$.to') t
    UNION ALL
    SELECT o.tenant, NULL, o.id, trim(t.value ->> 'email') FROM connections o, json_each(o.contacts) t
) a ON a.tenant = d.tenant AND (a.channel = d.channel OR a.connection = n.connection)
WHERE d.state = 'waiting'
GROUP BY d.tenant, d.notice, d.channel, lower(a.address);

INSERT INTO deliveries_by_recipient
SELECT d.tenant, d.notice, d.channel, '', d.state, d.due_at, NULL, d.fence, d.attempts, d.problem, d.ended_at
FROM deliveries d
WHERE NOT EXISTS (SELECT 1 FROM deliveries_by_recipient r
    WHERE r.tenant = d.tenant AND r.notice = d.notice AND r.channel = d.channel);

DROP TABLE deliveries;
ALTER TABLE deliveries_by_recipient RENAME TO deliveries;
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE state = 'waiting';
CREATE INDEX deliveries_taken ON deliveries (taken_until) WHERE taken_until IS NOT NULL;
CREATE INDEX deliveries_by_channel ON deliveries (tenant, channel);

-- What each tenant had sent in an hour, counted from the epoch, to hold it to the operator's bound.
CREATE TABLE messages_by_hour (
    tenant TEXT NOT NULL,
    hour BIGINT NOT NULL,
    messages BIGINT NOT NULL,
    PRIMARY KEY (tenant, hour)
) WITHOUT ROWID;

-- When a person paused the connection of a session that was under way: it stops where it is, to go on later.
ALTER TABLE sessions ADD COLUMN pause_asked_at BIGINT;
