-- Changes of many cards from the dashboard, and what came of each card.

-- fragment: bulk_change
store_id, id, terms, card_count, rows_done, changed, unchanged, refused, actor_id, created_at, started_at, done_at,
    place, checked_at

-- name: bulk_change_add
INSERT INTO bulk_changes (store_id, id, terms, actor_id, created_at)
VALUES (:store_id, :id, :terms, :actor_id, :created_at)

-- name: bulk_change_find
SELECT {bulk_change} FROM bulk_changes WHERE store_id = :store_id AND id = :id

-- name: bulk_changes_newest
SELECT {bulk_change} FROM bulk_changes WHERE store_id = :store_id ORDER BY id DESC LIMIT :rows

-- Changes nothing unless its cards are found up to where this run began to look.
-- name: bulk_change_look
UPDATE bulk_changes
SET place = :place, card_count = card_count + :rows, checked_at = :checked_at,
    changed = changed + :changed, unchanged = unchanged + :unchanged, refused = refused + :refused
WHERE store_id = :store_id AND id = :id AND place = :before AND checked_at IS NULL

-- name: bulk_change_part_add
INSERT INTO bulk_change_parts (store_id, change_id, first, card_ids)
VALUES (:store_id, :change_id, :first, :chosen)

-- name: bulk_change_parts_from
SELECT first, card_ids FROM bulk_change_parts
WHERE store_id = :store_id AND change_id = :change_id AND first >= :first
ORDER BY first LIMIT :rows

-- From now on the counts tell what was done.
-- name: bulk_change_start
UPDATE bulk_changes
SET started_at = :now, actor_id = :actor_id, changed = 0, unchanged = 0, refused = 0
WHERE store_id = :store_id AND id = :id AND started_at IS NULL AND checked_at IS NOT NULL
    AND done_at IS NULL AND card_count > 0

-- Of one whose cards were still being found nothing was done.
-- name: bulk_change_stop
UPDATE bulk_changes
SET done_at = :now, checked_at = COALESCE(checked_at, :now),
    changed = CASE WHEN started_at IS NULL THEN 0 ELSE changed END,
    unchanged = CASE WHEN started_at IS NULL THEN 0 ELSE unchanged END,
    refused = CASE WHEN started_at IS NULL THEN 0 ELSE refused END
WHERE store_id = :store_id AND id = :id AND (started_at IS NOT NULL OR checked_at IS NULL)
    AND done_at IS NULL

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
WHERE store_id = :store_id AND change_id = :change_id AND outcome = :outcome AND number > :number
ORDER BY number LIMIT :rows

-- name: bulk_change_cards_after
SELECT outcome, number, card_id, problem FROM bulk_change_cards
WHERE store_id = :store_id AND change_id = :change_id AND (outcome, number) > (:outcome, :number)
ORDER BY outcome, number LIMIT :rows

-- What cards were before an operator's request changed when they end.
-- name: states_before_request
SELECT e.account_id, b.state FROM entries e CROSS JOIN entries b
WHERE e.store_id = :store_id AND e.account_kind = 'card' AND e.account_id {any:ids}
    AND e.request_id = :request_id AND e.actor_kind = 'operator' AND e.kind = 'updated'
    AND b.store_id = :store_id AND b.account_kind = 'card' AND b.account_id = e.account_id
    AND b.seq = e.seq - 1

-- name: bulk_changes_unchecked (any store)
SELECT store_id, id FROM bulk_changes WHERE checked_at IS NULL ORDER BY created_at LIMIT :rows

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

-- name: bulk_change_card_forget
DELETE FROM bulk_change_cards
WHERE store_id = :store_id AND change_id = :change_id AND outcome = :outcome AND number = :number

-- name: bulk_change_part_forget
DELETE FROM bulk_change_parts WHERE store_id = :store_id AND change_id = :change_id AND first = :first

-- name: bulk_change_forget
DELETE FROM bulk_changes WHERE store_id = :store_id AND id = :id
