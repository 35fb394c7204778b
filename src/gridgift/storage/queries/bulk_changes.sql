-- Changes of many cards from the dashboard, and what came of each card.

-- fragment: bulk_change
store_id, id, terms, card_count, rows_done, changed, unchanged, refused, actor_id, created_at, started_at, done_at

-- name: bulk_change_add
INSERT INTO bulk_changes (store_id, id, terms, chosen, card_count, actor_id, created_at)
VALUES (:store_id, :id, :terms, :chosen, :card_count, :actor_id, :created_at)

-- name: bulk_change_find
SELECT {bulk_change} FROM bulk_changes WHERE store_id = :store_id AND id = :id

-- With its cards' ids, which may be long.
-- name: bulk_change_whole
SELECT {bulk_change}, chosen FROM bulk_changes WHERE store_id = :store_id AND id = :id

-- name: bulk_changes_newest
SELECT {bulk_change} FROM bulk_changes WHERE store_id = :store_id ORDER BY id DESC LIMIT :rows

-- name: bulk_change_start
UPDATE bulk_changes SET started_at = :now, actor_id = :actor_id
WHERE store_id = :store_id AND id = :id AND started_at IS NULL

-- Changes nothing unless the change is still where this run left it.
-- name: bulk_change_advance
UPDATE bulk_changes SET rows_done = rows_done + :rows
WHERE store_id = :store_id AND id = :id AND rows_done = :rows_done
    AND started_at IS NOT NULL AND done_at IS NULL

-- name: bulk_change_count
UPDATE bulk_changes
SET changed = changed + :changed, unchanged = unchanged + :unchanged, refused = refused + :refused
WHERE store_id = :store_id AND id = :id

-- name: bulk_change_done
UPDATE bulk_changes SET done_at = :now
WHERE store_id = :store_id AND id = :id AND rows_done = card_count

-- name: bulk_change_card_add
INSERT INTO bulk_change_cards (store_id, change_id, outcome, number, card_id, problem)
VALUES {row:(:store_id, :change_id, :outcome, :number, :card_id, :problem)}

-- name: bulk_change_cards_with
SELECT number, card_id, problem FROM bulk_change_cards
WHERE store_id = :store_id AND change_id = :change_id AND outcome = :outcome
ORDER BY number LIMIT :rows

-- name: bulk_changes_unfinished (any store)
SELECT store_id, id FROM bulk_changes WHERE started_at IS NOT NULL AND done_at IS NULL
ORDER BY started_at LIMIT :rows

-- name: bulk_changes_old (any store)
SELECT store_id, id FROM bulk_changes
WHERE created_at <= :until_at AND (started_at IS NULL OR done_at IS NOT NULL)
ORDER BY created_at LIMIT :rows {claim}

-- name: bulk_changes_quiet
SELECT id, terms FROM bulk_changes
WHERE store_id = :store_id AND id > :after AND (started_at IS NULL OR done_at IS NOT NULL)
ORDER BY id LIMIT :rows

-- name: bulk_change_cards_forget
DELETE FROM bulk_change_cards WHERE store_id = :store_id AND change_id = :id

-- name: bulk_change_forget
DELETE FROM bulk_changes WHERE store_id = :store_id AND id = :id
