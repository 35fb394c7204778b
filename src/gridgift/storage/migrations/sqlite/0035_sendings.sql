-- Served by programs from 0030 on.
-- Cards that somebody of a store sends: the CSV text whose rows ask for them, and the terms that it leaves
-- open. sent_at is when they said so; digest is the import's, which has what came of the rows.
CREATE TABLE sendings (
    store_id TEXT NOT NULL REFERENCES stores (id),
    id TEXT NOT NULL,
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    file TEXT NOT NULL,
    text TEXT NOT NULL,
    terms TEXT NOT NULL,
    row_count INTEGER NOT NULL CHECK (row_count >= 1),
    actor_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    sent_at INTEGER,
    done_at INTEGER,
    PRIMARY KEY (store_id, id)
) STRICT;

CREATE INDEX sendings_unfinished ON sendings (sent_at) WHERE sent_at IS NOT NULL AND done_at IS NULL;
CREATE INDEX sendings_by_age ON sendings (created_at);
