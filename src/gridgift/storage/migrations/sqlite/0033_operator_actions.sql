-- Served by programs from 0032 on.
-- What the people of a store did on the dashboard: who, what, to what, and from where.
CREATE TABLE operator_actions (
    store_id TEXT NOT NULL REFERENCES stores (id),
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    operator TEXT NOT NULL,
    deed TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    about TEXT NOT NULL,
    address TEXT NOT NULL,
    browser TEXT NOT NULL,
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX operator_actions_by_age ON operator_actions (at);
