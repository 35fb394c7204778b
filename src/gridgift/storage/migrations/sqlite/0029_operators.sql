-- Served by programs from 0028 on.
-- People who use the dashboard: with a password, as argon2id writes it, or a link that signs in once.
CREATE TABLE operators (
    id TEXT NOT NULL PRIMARY KEY,
    login TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password TEXT,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE operator_stores (
    store TEXT NOT NULL REFERENCES stores (id),
    operator_id TEXT NOT NULL REFERENCES operators (id),
    role TEXT NOT NULL CHECK (role IN ('clerk', 'owner')),
    added_at INTEGER NOT NULL,
    PRIMARY KEY (store, operator_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX operator_stores_by_operator ON operator_stores (operator_id);

-- Each operator has at most one link that still works.
CREATE TABLE operator_links (
    operator_id TEXT NOT NULL PRIMARY KEY REFERENCES operators (id),
    hash BLOB NOT NULL UNIQUE,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- chosen_store is what is shown; NULL: the first of the operator's.
CREATE TABLE operator_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    operator_id TEXT NOT NULL REFERENCES operators (id),
    chosen_store TEXT REFERENCES stores (id),
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    address TEXT NOT NULL,
    browser TEXT NOT NULL,
    by_link INTEGER NOT NULL CHECK (by_link IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE INDEX operator_sessions_by_operator ON operator_sessions (operator_id);
