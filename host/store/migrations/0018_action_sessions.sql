-- The action (a number of `action_runs`) that brought a session's records in, where none was read: such a session is no sync.

ALTER TABLE sessions ADD COLUMN action BIGINT;
UPDATE sessions SET action = run.id FROM action_runs AS run WHERE run.session = sessions.id AND run.tenant = sessions.tenant;
