-- Served by programs from 0032 on.
-- What the people of a store did on the dashboard: who, what, to what, and from where.
CREATE TABLE operator_actions (
    store_id uuid NOT NULL REFERENCES stores (id),
    id uuid NOT NULL,
    at bigint NOT NULL,
    operator text NOT NULL,
    deed text NOT NULL,
    subject_id text NOT NULL,
    about text NOT NULL,
    address text NOT NULL,
    browser text NOT NULL,
    PRIMARY KEY (store_id, id)
);

CREATE INDEX operator_actions_by_age ON operator_actions (at);
