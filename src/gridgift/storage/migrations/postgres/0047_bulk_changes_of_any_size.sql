-- Served by programs that know it.
-- The cards of a change of many are found part by part (place is how far, checked_at when all were): they stand
-- in rows of their own. What nobody has begun is looked for again.
DELETE FROM bulk_changes WHERE started_at IS NULL;

-- first is how many cards come before; card_ids are at most a hundred ids, with a space between.
CREATE TABLE bulk_change_parts (
    store_id uuid NOT NULL,
    change_id uuid NOT NULL,
    first bigint NOT NULL CHECK (first >= 0),
    card_ids text NOT NULL,
    PRIMARY KEY (store_id, change_id, first),
    FOREIGN KEY (store_id, change_id) REFERENCES bulk_changes (store_id, id)
);

INSERT INTO bulk_change_parts
SELECT store_id, id, first, substr(chosen, (37 * first + 1)::integer, 3699)
FROM bulk_changes CROSS JOIN LATERAL generate_series(0, card_count - 1, 100) AS first;

ALTER TABLE bulk_changes DROP CONSTRAINT bulk_changes_card_count_check;
ALTER TABLE bulk_changes ALTER COLUMN card_count SET DEFAULT 0;
ALTER TABLE bulk_changes DROP COLUMN chosen;
ALTER TABLE bulk_changes ADD COLUMN place text NOT NULL DEFAULT '[]';
ALTER TABLE bulk_changes ADD COLUMN checked_at bigint;
UPDATE bulk_changes SET checked_at = created_at;
CREATE INDEX bulk_changes_unchecked ON bulk_changes (created_at) WHERE checked_at IS NULL;
