-- How far the import of a file has come, and which of its rows were refused.

-- fragment: import
store_id, digest, rows_done, granted, skipped, refused, started_at, finished_at, file, undone_at

-- name: import_add
INSERT INTO imports ({import})
VALUES (:store_id, :digest, 0, 0, 0, 0, :now, NULL, :file, NULL)
ON CONFLICT (store_id, digest) DO NOTHING

-- name: import_again
UPDATE imports SET rows_done = 0, granted = 0, skipped = 0, refused = 0, started_at = :now,
    finished_at = NULL, file = :file, undone_at = NULL
WHERE store_id = :store_id AND digest = :digest
    AND (undone_at IS NOT NULL OR (:again AND finished_at IS NOT NULL))

-- name: import_find
SELECT {import} FROM imports WHERE store_id = :store_id AND digest = :digest

-- The guard: of two runs that come to the same rows, one finds rows_done as it expects it.
-- name: import_advance
UPDATE imports SET rows_done = rows_done + :rows
WHERE store_id = :store_id AND digest = :digest AND rows_done = :rows_done
    AND finished_at IS NULL AND undone_at IS NULL

-- name: import_count
UPDATE imports SET granted = granted + :granted, skipped = skipped + :skipped,
    refused = refused + :refused
WHERE store_id = :store_id AND digest = :digest

-- name: import_finish
UPDATE imports SET finished_at = :now
WHERE store_id = :store_id AND digest = :digest AND rows_done = :rows_done
    AND finished_at IS NULL AND undone_at IS NULL

-- name: imports_newest
SELECT {import} FROM imports WHERE store_id = :store_id
ORDER BY started_at DESC, digest LIMIT :rows

-- A run that is going on stops at its next rows.
-- name: import_undo
UPDATE imports SET undone_at = :now, finished_at = COALESCE(finished_at, :now)
WHERE store_id = :store_id AND digest = :digest AND undone_at IS NULL

-- name: import_card_add
INSERT INTO import_cards (store_id, digest, card_id) VALUES {row:(:store_id, :digest, :card_id)}

-- name: import_cards_after
SELECT card_id FROM import_cards
WHERE store_id = :store_id AND digest = :digest AND card_id > :after
ORDER BY card_id LIMIT :rows

-- What was granted since an import began: the first entry of a card has it.
-- name: import_amount
SELECT CAST(COALESCE(SUM((
    SELECT e.delta FROM entries e
    WHERE e.store_id = :store_id AND e.account_kind = 'card' AND e.account_id = c.card_id
        AND e.seq = 1 AND e.created_at >= :begins_at
)), 0) AS BIGINT)
FROM import_cards c WHERE c.store_id = :store_id AND c.digest = :digest

-- What happened last to some cards.
-- name: newest_entries
SELECT g.id, e.kind, e.reason FROM gift_cards g CROSS JOIN entries e
WHERE g.store_id = :store_id AND g.id {any:ids}
    AND e.store_id = :store_id AND e.account_kind = 'card' AND e.account_id = g.id
    AND e.seq = g.version

-- name: refusal_add
INSERT INTO import_refusals (store_id, digest, number, problem)
VALUES {row:(:store_id, :digest, :number, :problem)}

-- name: refusals_after
SELECT number, problem FROM import_refusals
WHERE store_id = :store_id AND digest = :digest AND number > :number
ORDER BY number LIMIT :rows

-- name: refusals_forget
DELETE FROM import_refusals WHERE store_id = :store_id AND digest = :digest

-- name: refusals_in_order
SELECT digest, number, problem FROM import_refusals
WHERE store_id = :store_id AND (digest, number) > (:digest, :number)
ORDER BY digest, number LIMIT :rows {lock}

-- name: refusal_redact
UPDATE import_refusals SET problem = :problem
WHERE store_id = :store_id AND digest = :digest AND number = :number
