-- Served by programs from 0044 on.
-- Changes of many cards from the dashboard: what is to be done (terms), to which cards (chosen: their ids,
-- with a space between), and how far it is. started_at is when somebody said so; what came of each card that is
-- done is a row of its own.
CREATE TABLE bulk_changes (
    store_id uuid NOT NULL REFERENCES stores (id),
    id uuid NOT NULL,
    terms text NOT NULL,
    chosen text NOT NULL,
    card_count bigint NOT NULL CHECK (card_count >= 1),
    rows_done bigint NOT NULL DEFAULT 0 CHECK (rows_done BETWEEN 0 AND card_count),
    changed bigint NOT NULL DEFAULT 0,
    unchanged bigint NOT NULL DEFAULT 0,
    refused bigint NOT NULL DEFAULT 0,
    actor_id text NOT NULL,
    created_at bigint NOT NULL,
    started_at bigint,
    done_at bigint,
    PRIMARY KEY (store_id, id)
);

CREATE TABLE bulk_change_cards (
    store_id uuid NOT NULL,
    change_id uuid NOT NULL,
    outcome text NOT NULL,
    number bigint NOT NULL CHECK (number >= 1),
    card_id uuid NOT NULL,
    problem text NOT NULL,
    PRIMARY KEY (store_id, change_id, outcome, number),
    FOREIGN KEY (store_id, change_id) REFERENCES bulk_changes (store_id, id)
);

CREATE INDEX bulk_changes_unfinished ON bulk_changes (started_at)
    WHERE started_at IS NOT NULL AND done_at IS NULL;
CREATE INDEX bulk_changes_by_age ON bulk_changes (created_at);
