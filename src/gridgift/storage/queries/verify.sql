-- What verify walks through, store by store, in the order of ids.

-- name: cards_count (any store)
SELECT COUNT(*) FROM gift_cards

-- name: customers_count (any store)
SELECT COUNT(*) FROM customers

-- The stores, and those that entries name and that are not there.
-- name: stores_verified (any store)
SELECT id, TRUE FROM stores
UNION SELECT store_id, FALSE FROM entries WHERE store_id NOT IN (SELECT id FROM stores)
ORDER BY 1

-- name: cards_in_order
SELECT {changed_card}, expiry_noted, head, head_seq FROM gift_cards
WHERE store_id = :store_id AND id > :after ORDER BY id LIMIT :rows

-- name: cards_of_nobody
SELECT id FROM gift_cards
WHERE store_id = :store_id AND NOT EXISTS (
    SELECT 1 FROM customers WHERE store_id = :store_id AND resident_uuid = owner_uuid)
ORDER BY id

-- name: entries_in_range
SELECT {entry} FROM entries
WHERE store_id = :store_id AND account_kind = :account_kind
    AND account_id > :after AND account_id <= :until
ORDER BY account_id, seq

-- name: holds_in_range
SELECT {hold} FROM holds
WHERE store_id = :store_id AND card_id > :after AND card_id <= :until
ORDER BY card_id, id

-- name: customers_in_order
SELECT resident_uuid, version, spent, balance FROM customers
WHERE store_id = :store_id AND resident_uuid > :after
ORDER BY resident_uuid LIMIT :rows

-- name: lots_in_range
SELECT resident_uuid, {lot}, created_at FROM credit_lots
WHERE store_id = :store_id AND resident_uuid > :after AND resident_uuid <= :until
ORDER BY resident_uuid, id

-- name: spends_in_range
SELECT resident_uuid, id, amount, refunded, reference, created_at FROM credit_spends
WHERE store_id = :store_id AND resident_uuid > :after AND resident_uuid <= :until
ORDER BY resident_uuid, id

-- name: spend_lots_in_range
SELECT resident_uuid, spend_id, position, lot_id, taken, restored FROM credit_spend_lots
WHERE store_id = :store_id AND resident_uuid > :after AND resident_uuid <= :until
ORDER BY resident_uuid, spend_id, position

-- name: imports_of_store
SELECT digest, rows_done, granted, skipped, refused, finished_at IS NOT NULL,
    (SELECT COUNT(*) FROM import_refusals r
    WHERE r.store_id = :store_id AND r.digest = imports.digest)
FROM imports WHERE store_id = :store_id

-- fragment: verification
store_id, finished_at, faults, cards, card_credit, customers, store_credit

-- name: verification_put
INSERT INTO verifications ({verification})
VALUES (:store_id, :now, :faults, :cards, :card_credit, :customers, :store_credit)
ON CONFLICT (store_id) DO UPDATE SET finished_at = excluded.finished_at, faults = excluded.faults,
    cards = excluded.cards, card_credit = excluded.card_credit, customers = excluded.customers,
    store_credit = excluded.store_credit

-- name: verification_of_store
SELECT {verification} FROM verifications WHERE store_id = :store_id

-- Stores whose last verification found faults or is too old, or that have none although they are older.
-- name: stores_unverified (any store)
SELECT s.id, v.faults FROM stores s LEFT JOIN verifications v ON v.store_id = s.id
WHERE COALESCE(v.finished_at, s.created_at) < :before OR v.faults > 0
ORDER BY s.id
