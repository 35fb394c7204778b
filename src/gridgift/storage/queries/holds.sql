-- fragment: hold
id, card_id, amount, state, expires_at, created_at, captured

-- name: hold_add
INSERT INTO holds (store_id, card_id, id, amount, state, expires_at, created_at)
VALUES (:store_id, :card_id, :id, :amount, 'open', :expires_at, :now)

-- name: holds_open
SELECT {hold} FROM holds {index:holds_open}
WHERE store_id = :store_id AND card_id = :card_id AND state = 'open' AND expires_at > :now

-- What was reserved of a card until some time, and neither taken nor released.
-- name: holds_lapsed_of_card
SELECT {hold} FROM holds {index:holds_open}
WHERE store_id = :store_id AND card_id = :card_id AND state = 'open'
    AND expires_at >= :begins_at AND expires_at < :ends_at
ORDER BY expires_at DESC LIMIT :rows

-- name: holds_open_of_cards
SELECT {hold} FROM holds {index:holds_open}
WHERE store_id = :store_id AND card_id {any:ids} AND state = 'open' AND expires_at > :now

-- name: hold_by_id
SELECT {hold} FROM holds WHERE store_id = :store_id AND card_id = :card_id AND id = :id

-- name: hold_extend
UPDATE holds SET expires_at = :expires_at
WHERE store_id = :store_id AND card_id = :card_id AND id = :id AND state = 'open'
    AND expires_at > :now
RETURNING id

-- name: hold_close
UPDATE holds SET state = :state, captured = :captured
WHERE store_id = :store_id AND card_id = :card_id AND id = :id AND state = 'open'
    AND expires_at > :now
RETURNING id

-- listing: holds_of_card
SELECT {hold} FROM holds
WHERE store_id = :store_id AND card_id = :card_id {seek}
ORDER BY {order} LIMIT :rows

-- listing: holds_of_store
SELECT {hold} FROM holds {index}
WHERE store_id = :store_id AND state = :state {seek}
ORDER BY {order} LIMIT :rows
