-- Served by programs from 0031 on.
-- What a store's directory is asked: a username or an avatar's UUID that the server does not know.
CREATE TABLE questions (
    store_id TEXT NOT NULL REFERENCES stores (id),
    wanted TEXT NOT NULL,
    id TEXT NOT NULL,
    until_at INTEGER NOT NULL,
    handed_at INTEGER NOT NULL DEFAULT 0,
    missed INTEGER NOT NULL DEFAULT FALSE,
    PRIMARY KEY (store_id, wanted)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX questions_by_id ON questions (store_id, id);
CREATE INDEX questions_by_end ON questions (store_id, until_at);
CREATE INDEX questions_by_turn ON questions (store_id, handed_at, wanted) WHERE NOT missed;
