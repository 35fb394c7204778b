-- Served by programs from 0044 on.
-- Changes of many cards from the dashboard: what is to be done (terms), to which cards (chosen: their ids,
-- with a space between), and how far it is. started_at is when somebody said so; what came of each card that is
-- done is a row of its own.
CREATE TABLE bulk_changes (
    store_id TEXT NOT NULL REFERENCES stores (id),
    id TEXT NOT NULL,
    terms TEXT NOT NULL,
    chosen TEXT NOT NULL,
    card_count INTEGER NOT NULL CHECK (card_count >= 1),
    rows_done INTEGER NOT NULL DEFAULT 0 CHECK (rows_done BETWEEN 0 AND card_count),
    changed INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    actor_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    done_at INTEGER,
    PRIMARY KEY (store_id, id)
) STRICT;

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

CREATE INDEX bulk_changes_unfinished ON bulk_changes (started_at)
    WHERE started_at IS NOT NULL AND done_at IS NULL;
CREATE INDEX bulk_changes_by_age ON bulk_changes (created_at);
