-- What verify walks through, store by store, in the order of ids.

-- name: cards_count (any store)
SELECT COUNT(*) FROM gift_cards

-- name: customers_count (any store)
SELECT COUNT(*) FROM customers

-- name: cards_in_order
SELECT {changed_card} FROM gift_cards WHERE store_id = :store_id AND id > :after ORDER BY id LIMIT :rows

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
SELECT resident_uuid, version, spent FROM customers
WHERE store_id = :store_id AND resident_uuid > :after
ORDER BY resident_uuid LIMIT :rows

-- name: lots_in_range
SELECT resident_uuid, {lot} FROM credit_lots
WHERE store_id = :store_id AND resident_uuid > :after AND resident_uuid <= :until
ORDER BY resident_uuid, id

-- name: spends_in_range
SELECT s.resident_uuid, s.id, s.amount, s.refunded,
    (SELECT COALESCE(SUM(l.taken), 0) FROM credit_spend_lots l WHERE l.store_id = :store_id
        AND l.resident_uuid = s.resident_uuid AND l.spend_id = s.id),
    (SELECT COALESCE(SUM(l.restored), 0) FROM credit_spend_lots l WHERE l.store_id = :store_id
        AND l.resident_uuid = s.resident_uuid AND l.spend_id = s.id)
FROM credit_spends s
WHERE s.store_id = :store_id AND s.resident_uuid > :after AND s.resident_uuid <= :until
ORDER BY s.resident_uuid, s.id
