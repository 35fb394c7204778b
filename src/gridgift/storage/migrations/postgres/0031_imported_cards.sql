-- Served by programs from 0030 on.
-- The name of an import's file, and when it was undone. Its cards are noted, so that they can be found;
-- those of imports before this step are not known.
ALTER TABLE imports ADD COLUMN file text NOT NULL DEFAULT '';
ALTER TABLE imports ADD COLUMN undone_at bigint;

CREATE TABLE import_cards (
    store_id uuid NOT NULL,
    digest bytea NOT NULL,
    card_id uuid NOT NULL,
    PRIMARY KEY (store_id, digest, card_id),
    FOREIGN KEY (store_id, digest) REFERENCES imports (store_id, digest)
);
