-- fragment: entry
store_id, account_kind, account_id, seq, kind, delta, balance_after, state, actor_kind, actor_id,
reason, request_id, created_at, previous_hash, hash

-- name: entry_add
INSERT INTO entries ({entry})
VALUES {row:(:store_id, :account_kind, :account_id, :seq, :kind, :delta, :balance_after, :state,
    :actor_kind, :actor_id, :reason, :request_id, :created_at, :previous_hash, :hash)}

-- listing: entries_of_account
SELECT {entry} FROM entries
WHERE store_id = :store_id AND account_kind = :account_kind AND account_id = :account_id {seek}
ORDER BY {order} LIMIT :rows

-- fragment: moved
delta <> 0 AND kind IN ('captured', 'redeemed', 'updated', 'adjusted', 'credit_spent')

-- What took from a store's cards and credit in a time, or was changed by hand.
-- listing: entries_moved
SELECT {entry} FROM entries {index}
WHERE store_id = :store_id AND {moved} AND kind {any:kinds}
    AND created_at >= :begins_at AND created_at < :ends_at {seek}
ORDER BY {order} LIMIT :rows

-- name: entries_moved_sum
SELECT COUNT(*), COALESCE(CAST(SUM(delta) AS BIGINT), 0) FROM entries {index:entries_moved}
WHERE store_id = :store_id AND {moved} AND kind {any:kinds}
    AND created_at >= :begins_at AND created_at < :ends_at

-- Of each account that had something at an instant, the newest entry of then.
-- fragment: held_by_accounts
SELECT {entry} FROM entries
WHERE store_id = :store_id AND account_kind = :account_kind AND account_id > :after
    AND account_id <= :until AND balance_after > 0 AND created_at <= :at
    AND seq = (SELECT MAX(b.seq) FROM entries b
        WHERE b.store_id = :store_id AND b.account_kind = :account_kind
            AND b.account_id = entries.account_id AND b.created_at <= :at)

-- name: accounts_held
{held_by_accounts}
ORDER BY account_id LIMIT :rows

-- name: accounts_held_before
{held_by_accounts}
ORDER BY account_id DESC LIMIT :rows

-- The newest cards that a resident has passed on; one that went to and fro is there several times.
-- name: cards_passed_on
SELECT account_id FROM entries {index:entries_passed_on}
WHERE store_id = :store_id AND {json:state} ->> 'source' = :giver AND kind = 'transferred'
ORDER BY account_id DESC LIMIT :rows

-- What happened to a resident's credit, and to some cards while they were the resident's: a card's
-- other owners are not the resident's business. Of each account the newest entries.
-- listing: entries_of_resident
SELECT {entry} FROM (
    SELECT e.* FROM gift_cards g CROSS JOIN entries e
    WHERE g.store_id = :store_id AND g.id {any:card_ids} AND e.store_id = :store_id
        AND e.account_kind = 'card' AND e.account_id = g.id AND e.seq > g.version - :newest
        AND ({json:e.state} ->> 'ownerUuid' = :resident OR {json:e.state} ->> 'source' = :resident)
    UNION ALL
    SELECT e.* FROM customers c CROSS JOIN entries e
    WHERE c.store_id = :store_id AND c.resident_uuid = :resident_uuid AND e.store_id = :store_id
        AND e.account_kind = 'credit' AND e.account_id = c.resident_uuid
        AND e.seq > c.version - :newest_of_credit
) told
WHERE store_id = :store_id AND kind {any:kinds} {seek}
ORDER BY {order} LIMIT :rows

-- All of a store's entries, account by account.
-- name: entries_after
SELECT {entry} FROM entries
WHERE store_id = :store_id
    AND (account_kind, account_id, seq) > (:account_kind, :account_id, :seq)
ORDER BY account_kind, account_id, seq LIMIT :rows

-- Who redeemed some cards, when, and how much that was.
-- name: entries_redeemed
SELECT account_id, delta, created_at, actor_kind, actor_id FROM entries
WHERE store_id = :store_id AND account_kind = 'card' AND account_id {any:ids} AND kind = 'redeemed'
ORDER BY account_id, seq

-- What people wrote into a store's entries, account by account.
-- name: entries_written
SELECT account_kind, account_id, seq, reason, state FROM entries
WHERE store_id = :store_id
    AND (account_kind, account_id, seq) > (:account_kind, :account_id, :seq)
ORDER BY account_kind, account_id, seq LIMIT :rows
