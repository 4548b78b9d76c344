-- What would have changed in a session of another organisation says itself that it waits: a test run of one has no hold that does.

UPDATE test_changes SET how = 'foreign' WHERE what IS NOT NULL AND (tenant, connection, session) IN (
    SELECT tenant, connection, session FROM holds WHERE scope IS NOT NULL);
