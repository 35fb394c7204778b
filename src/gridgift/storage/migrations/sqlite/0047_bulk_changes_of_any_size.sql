-- Served by programs that know it.
-- The cards of a change of many are found part by part (place is how far, checked_at when all were): they stand
-- in rows of their own. What nobody has begun is looked for again.
DELETE FROM bulk_changes WHERE started_at IS NULL;
ALTER TABLE bulk_changes RENAME TO bulk_changes_before;
ALTER TABLE bulk_change_cards RENAME TO bulk_change_cards_before;

CREATE TABLE bulk_changes (
    store_id TEXT NOT NULL REFERENCES stores (id),
    id TEXT NOT NULL,
    terms TEXT NOT NULL,
    card_count INTEGER NOT NULL DEFAULT 0,
    rows_done INTEGER NOT NULL DEFAULT 0 CHECK (rows_done BETWEEN 0 AND card_count),
    changed INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    actor_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    done_at INTEGER,
    place TEXT NOT NULL DEFAULT '[]',
    checked_at INTEGER,
    PRIMARY KEY (store_id, id)
) STRICT;

INSERT INTO bulk_changes
SELECT store_id, id, terms, card_count, rows_done, changed, unchanged, refused, actor_id, created_at,
    started_at, done_at, '[]', created_at FROM bulk_changes_before;

CREATE TABLE bulk_change_cards (
    store_id TEXT NOT NULL,
    change_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 1),
    card_id TEXT NOT NULL,
    problem TEXT NOT NULL,
    PRIMARY KEY (store_id, change_id, outcome, number),
    FOREIGN KEY (store_id, change_id) REFERENCES bulk_changes (store_id, id)
) STRICT, WITHOUT ROWID;

INSERT INTO bulk_change_cards SELECT * FROM bulk_change_cards_before;

-- first is how many cards come before; card_ids are at most a hundred ids, with a space between.
CREATE TABLE bulk_change_parts (
    store_id TEXT NOT NULL,
    change_id TEXT NOT NULL,
    first INTEGER NOT NULL CHECK (first >= 0),
    card_ids TEXT NOT NULL,
    PRIMARY KEY (store_id, change_id, first),
    FOREIGN KEY (store_id, change_id) REFERENCES bulk_changes (store_id, id)
) STRICT, WITHOUT ROWID;

WITH RECURSIVE parts (store_id, id, chosen, card_count, first) AS (
    SELECT store_id, id, chosen, card_count, 0 FROM bulk_changes_before
    UNION ALL
    SELECT store_id, id, chosen, card_count, first + 100 FROM parts WHERE first + 100 < card_count
)
INSERT INTO bulk_change_parts
SELECT store_id, id, first, substr(chosen, 37 * first + 1, 3699) FROM parts;

DROP TABLE bulk_change_cards_before;
DROP TABLE bulk_changes_before;
CREATE INDEX bulk_changes_unchecked ON bulk_changes (created_at) WHERE checked_at IS NULL;
CREATE INDEX bulk_changes_unfinished ON bulk_changes (started_at)
    WHERE started_at IS NOT NULL AND done_at IS NULL;
CREATE INDEX bulk_changes_by_age ON bulk_changes (created_at);
