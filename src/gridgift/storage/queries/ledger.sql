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

-- What people wrote into a store's entries, account by account.
-- name: entries_written
SELECT account_kind, account_id, seq, reason, state FROM entries
WHERE store_id = :store_id
    AND (account_kind, account_id, seq) > (:account_kind, :account_id, :seq)
ORDER BY account_kind, account_id, seq LIMIT :rows
