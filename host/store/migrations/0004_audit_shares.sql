-- A tenant's audit trail is cut where most of it is: how many records each connection has is counted in this index alone.

CREATE INDEX audit_by_connection ON audit (tenant, connection, number);
