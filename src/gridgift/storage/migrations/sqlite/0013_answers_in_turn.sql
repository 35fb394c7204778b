-- PostgreSQL gets a function that waits for a key's turn. SQLite's one writer needs none.
SELECT 1;
