-- fragment: unit
store_id, id, kind, name, credit, texture, group_only, transferable, starts_at, ends_at, max_cards, max_cards_a_day,
max_credit, min_account_days, usernames, paused, round, cards, granted, day, cards_that_day, pairings,
object_uuid, object_owner_uuid, paired_at, seen_at, created_at, updated_at

-- name: unit_add
INSERT INTO units (store_id, id, kind, name, credit, texture, group_only, transferable, starts_at, ends_at, max_cards,
    max_cards_a_day, max_credit, min_account_days, usernames, paused, created_at, updated_at)
VALUES (:store_id, :id, :kind, :name, :credit, :texture, :group_only, :transferable, :starts_at, :ends_at, :max_cards,
    :max_cards_a_day, :max_credit, :min_account_days, :usernames, :paused, :now, :now)

-- name: unit_store_add (any store)
INSERT INTO unit_stores (unit_id, store) VALUES (:id, :store)

-- name: store_of_unit (any store)
SELECT store FROM unit_stores WHERE unit_id = :id

-- name: unit_by_id
SELECT {unit} FROM units WHERE store_id = :store_id AND id = :id

-- name: unit_lock
SELECT {unit} FROM units WHERE store_id = :store_id AND id = :id {lock}

-- name: unit_update
UPDATE units SET name = :name, credit = :credit, texture = :texture, group_only = :group_only,
    transferable = :transferable, starts_at = :starts_at, ends_at = :ends_at, max_cards = :max_cards,
    max_cards_a_day = :max_cards_a_day, max_credit = :max_credit,
    min_account_days = :min_account_days, usernames = :usernames, paused = :paused, updated_at = :now
WHERE store_id = :store_id AND id = :id

-- name: unit_next_round
UPDATE units SET round = round + 1, updated_at = :now WHERE store_id = :store_id AND id = :id
RETURNING {unit}

-- name: unit_code
UPDATE units SET code_hash = :hash, code_until = :until_at, updated_at = :now
WHERE store_id = :store_id AND id = :id
RETURNING {unit}

-- name: unit_revoke
UPDATE units SET object_uuid = NULL, object_owner_uuid = NULL, paired_at = NULL, code_hash = NULL,
    code_until = NULL, updated_at = :now
WHERE store_id = :store_id AND id = :id
RETURNING {unit}

-- name: units_inviting
SELECT id, usernames FROM units WHERE store_id = :store_id AND usernames <> '[]' ORDER BY id {lock}

-- name: unit_invite
UPDATE units SET usernames = :usernames, updated_at = :now WHERE store_id = :store_id AND id = :id

-- listing: units_of_store
SELECT {unit} FROM units
WHERE store_id = :store_id {seek}
ORDER BY {order} LIMIT :rows

-- listing: claims_of_unit
SELECT c.card_id, c.round, c.resident_uuid, r.username, c.credit, c.created_at
FROM unit_claims c {index} JOIN residents r ON r.uuid = c.resident_uuid
WHERE c.store_id = :store_id AND c.unit_id = :unit_id {seek}
ORDER BY {order} LIMIT :rows

-- name: claim_of_resident
SELECT credit, card_id FROM unit_claims
WHERE store_id = :store_id AND unit_id = :unit_id AND round = :round AND resident_uuid = :resident_uuid

-- name: claim_add
INSERT INTO unit_claims (store_id, unit_id, round, resident_uuid, card_id, credit, created_at)
VALUES (:store_id, :unit_id, :round, :resident_uuid, :card_id, :credit, :now)

-- name: unit_count
UPDATE units SET cards = :cards, granted = :granted, day = :day, cards_that_day = :cards_that_day,
    seen_at = :now
WHERE store_id = :store_id AND id = :id

-- name: unit_pair
UPDATE units SET object_uuid = :object_uuid, object_owner_uuid = :object_owner_uuid,
    pairings = pairings + 1, paired_at = :now, seen_at = :now, code_hash = NULL, code_until = NULL,
    updated_at = :now
WHERE store_id = :store_id AND id = :id AND code_hash = :hash AND code_until > :now
RETURNING {unit}

-- name: unit_heard
UPDATE units SET seen_at = :now WHERE store_id = :store_id AND id = :id

-- Objects that ask for work by themselves, and of which nothing was heard since an instant.
-- fragment: silent
object_uuid IS NOT NULL AND NOT paused AND kind IN ('terminal', 'directory') AND seen_at <= :heard_by
    AND updated_at <= :heard_by

-- name: units_fallen_silent (any store)
SELECT store_id, id FROM units {index:units_polling}
WHERE {silent} AND (silence_told IS NULL OR silence_told <> seen_at)
ORDER BY seen_at LIMIT :rows {claim}

-- name: unit_silence_told
UPDATE units SET silence_told = seen_at WHERE store_id = :store_id AND id = :id
RETURNING {unit}

-- name: units_silent_of_store
SELECT {unit} FROM units WHERE store_id = :store_id AND {silent} ORDER BY seen_at LIMIT :rows

-- name: units_silent (any store)
SELECT id FROM units {index:units_polling} WHERE {silent} ORDER BY seen_at LIMIT :rows

-- name: units_end (any store)
UPDATE units SET object_uuid = NULL, object_owner_uuid = NULL, paired_at = NULL
WHERE object_uuid IS NOT NULL

-- name: purchase_by_nonce
SELECT digest, amount, card_id, refund FROM unit_purchases
WHERE store_id = :store_id AND unit_id = :unit_id AND nonce = :nonce

-- name: purchase_add
INSERT INTO unit_purchases (store_id, unit_id, nonce, digest, payer_uuid, amount, paid_at, card_id, refund,
    created_at)
VALUES (:store_id, :unit_id, :nonce, :digest, :payer_uuid, :amount, :paid_at, :card_id, :refund, :now)
