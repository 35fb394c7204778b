-- PostgreSQL tells its servers of changes from here on. SQLite tells nobody: what a process
-- remembers of a key, a token or a store is looked up again after a few seconds.
SELECT 1;
