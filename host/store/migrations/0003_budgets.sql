-- Limits that a tenant set for all its connections, or for one. An empty connection stands for all: none has an empty id.

CREATE TABLE budgets (
    tenant TEXT NOT NULL,
    connection TEXT NOT NULL,
    limits TEXT NOT NULL,
    PRIMARY KEY (tenant, connection)
);
