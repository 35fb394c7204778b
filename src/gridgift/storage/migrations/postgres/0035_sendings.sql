-- Served by programs from 0030 on.
-- Cards that somebody of a store sends: the CSV text whose rows ask for them, and the terms that it leaves
-- open. sent_at is when they said so; digest is the import's, which has what came of the rows.
CREATE TABLE sendings (
    store_id uuid NOT NULL REFERENCES stores (id),
    id uuid NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    file text NOT NULL,
    text text NOT NULL,
    terms text NOT NULL,
    row_count bigint NOT NULL CHECK (row_count >= 1),
    actor_id text NOT NULL,
    created_at bigint NOT NULL,
    sent_at bigint,
    done_at bigint,
    PRIMARY KEY (store_id, id)
);

CREATE INDEX sendings_unfinished ON sendings (sent_at) WHERE sent_at IS NOT NULL AND done_at IS NULL;
CREATE INDEX sendings_by_age ON sendings (created_at);
