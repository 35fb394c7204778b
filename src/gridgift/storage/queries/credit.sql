-- name: accounts_lock
SELECT resident_uuid FROM customers
WHERE store_id = :store_id AND resident_uuid {any:uuids}
ORDER BY resident_uuid {lock}

-- Where each account's chain ends: those without an entry are left out. SQLite joins in this order.
-- name: accounts_tips
SELECT c.resident_uuid, s.seq, s.balance_after, s.hash, s.created_at
FROM customers c CROSS JOIN entries s
WHERE s.store_id = :store_id AND s.account_kind = 'credit' AND s.account_id = c.resident_uuid
    AND s.seq = c.version AND c.store_id = :store_id AND c.resident_uuid {any:uuids}

-- name: account_version
UPDATE customers SET version = :version, spent = spent + :spent, balance = :balance
WHERE store_id = :store_id AND resident_uuid = :resident_uuid

-- fragment: lot
id, amount, remaining, expires_at, restricted

-- name: lots_open
SELECT {lot} FROM credit_lots {index:credit_lots_open}
WHERE store_id = :store_id AND resident_uuid = :resident_uuid AND remaining > 0
ORDER BY expires_at IS NULL, expires_at, NOT restricted, id

-- name: lots_find
SELECT {lot} FROM credit_lots
WHERE store_id = :store_id AND resident_uuid = :resident_uuid AND id {any:ids}

-- name: lots_of_accounts
SELECT resident_uuid, {lot} FROM credit_lots {index:credit_lots_open}
WHERE store_id = :store_id AND resident_uuid {any:uuids} AND remaining > 0

-- The lot that each of some cards became when it was redeemed: the only one in that entry.
-- name: lots_of_cards
SELECT {json:e.state} ->> 'reference', l.remaining, l.expires_at
FROM entries e {index:entries_of_redeemed_cards} JOIN credit_lots l
    ON l.store_id = e.store_id AND l.resident_uuid = e.account_id
        AND l.id = {uuid:{json:e.state} -> 'lots' -> 0 ->> 0}
WHERE e.store_id = :store_id AND e.kind = 'credit_redeemed'
    AND {json:e.state} ->> 'reference' {any:card_ids}

-- name: lot_add
INSERT INTO credit_lots (store_id, resident_uuid, id, amount, remaining, expires_at, restricted,
    created_at)
VALUES {row:(:store_id, :resident_uuid, :id, :amount, :amount, :expires_at, :restricted, :now)}

-- name: lot_change
UPDATE credit_lots SET remaining = remaining + :delta
WHERE store_id = :store_id AND resident_uuid = :resident_uuid AND id = :id

-- name: lot_extend
UPDATE credit_lots SET expires_at = :expires_at
WHERE store_id = :store_id AND resident_uuid = :resident_uuid AND id = :id

-- name: lots_expired (any store)
SELECT store_id, resident_uuid FROM credit_lots
WHERE remaining > 0 AND expires_at <= :now
ORDER BY expires_at LIMIT :rows

-- Every change of a lot locks its account first; one that another transaction has is passed over.
-- name: account_claim
SELECT resident_uuid FROM customers
WHERE store_id = :store_id AND resident_uuid = :resident_uuid {claim}

-- name: spend_add
INSERT INTO credit_spends (store_id, resident_uuid, id, amount, refunded, reference, created_at)
VALUES {row:(:store_id, :resident_uuid, :id, :amount, 0, :reference, :now)}

-- name: spend_lot_add
INSERT INTO credit_spend_lots (store_id, resident_uuid, spend_id, position, lot_id, taken,
    restored)
VALUES {row:(:store_id, :resident_uuid, :spend_id, :position, :lot_id, :taken, 0)}

-- name: spend_refund
UPDATE credit_spends SET refunded = refunded + :amount
WHERE store_id = :store_id AND resident_uuid = :resident_uuid AND id = :id
    AND :amount <= amount - refunded
RETURNING amount, refunded

-- name: spend_by_id
SELECT amount, refunded FROM credit_spends
WHERE store_id = :store_id AND resident_uuid = :resident_uuid AND id = :id

-- name: spend_lots_unrestored
SELECT position, lot_id, taken - restored FROM credit_spend_lots
WHERE store_id = :store_id AND resident_uuid = :resident_uuid AND spend_id = :spend_id
    AND restored < taken
ORDER BY position DESC

-- name: spend_lot_restore
UPDATE credit_spend_lots SET restored = restored + :amount
WHERE store_id = :store_id AND resident_uuid = :resident_uuid AND spend_id = :spend_id
    AND position = :position
