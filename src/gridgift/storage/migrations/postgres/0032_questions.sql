-- Served by programs from 0031 on.
-- What a store's directory is asked: a username or an avatar's UUID that the server does not know.
CREATE TABLE questions (
    store_id uuid NOT NULL REFERENCES stores (id),
    wanted text NOT NULL,
    id text NOT NULL,
    until_at bigint NOT NULL,
    handed_at bigint NOT NULL DEFAULT 0,
    missed boolean NOT NULL DEFAULT FALSE,
    PRIMARY KEY (store_id, wanted)
);

CREATE UNIQUE INDEX questions_by_id ON questions (store_id, id);
CREATE INDEX questions_by_end ON questions (store_id, until_at);
CREATE INDEX questions_by_turn ON questions (store_id, handed_at, wanted) WHERE NOT missed;
