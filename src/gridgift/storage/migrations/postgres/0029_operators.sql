-- Served by programs from 0028 on.
-- People who use the dashboard: with a password, as argon2id writes it, or a link that signs in once.
CREATE TABLE operators (
    id uuid NOT NULL PRIMARY KEY,
    login text NOT NULL UNIQUE,
    name text NOT NULL,
    password text,
    created_at bigint NOT NULL
);

CREATE TABLE operator_stores (
    store uuid NOT NULL REFERENCES stores (id),
    operator_id uuid NOT NULL REFERENCES operators (id),
    role text NOT NULL CHECK (role IN ('clerk', 'owner')),
    added_at bigint NOT NULL,
    PRIMARY KEY (store, operator_id)
);

CREATE INDEX operator_stores_by_operator ON operator_stores (operator_id);

-- Each operator has at most one link that still works.
CREATE TABLE operator_links (
    operator_id uuid NOT NULL PRIMARY KEY REFERENCES operators (id),
    hash bytea NOT NULL UNIQUE,
    expires_at bigint NOT NULL
);

-- chosen_store is what is shown; NULL: the first of the operator's.
CREATE TABLE operator_sessions (
    id uuid NOT NULL PRIMARY KEY,
    hash bytea NOT NULL UNIQUE,
    operator_id uuid NOT NULL REFERENCES operators (id),
    chosen_store uuid REFERENCES stores (id),
    created_at bigint NOT NULL,
    seen_at bigint NOT NULL,
    address text NOT NULL,
    browser text NOT NULL,
    by_link boolean NOT NULL
);

CREATE INDEX operator_sessions_by_operator ON operator_sessions (operator_id);
