-- fragment: entry
store_id, account_kind, account_id, seq, kind, delta, balance_after, state, actor_kind, actor_id,
reason, request_id, created_at, previous_hash, hash

-- name: entry_add
INSERT INTO entries ({entry})
VALUES {row:(:store_id, :account_kind, :account_id, :seq, :kind, :delta, :balance_after, :state,
    :actor_kind, :actor_id, :reason, :request_id, :created_at, :previous_hash, :hash)}

-- name: entry_last
SELECT {entry} FROM entries
WHERE store_id = :store_id AND account_kind = :account_kind AND account_id = :account_id
ORDER BY seq DESC LIMIT 1

-- name: entries_after
SELECT {entry} FROM entries
WHERE store_id = :store_id AND account_kind = :account_kind AND account_id = :account_id
    AND seq > :seq
ORDER BY seq LIMIT :rows

-- name: entries_before
SELECT {entry} FROM entries
WHERE store_id = :store_id AND account_kind = :account_kind AND account_id = :account_id
    AND seq < :seq
ORDER BY seq DESC LIMIT :rows
