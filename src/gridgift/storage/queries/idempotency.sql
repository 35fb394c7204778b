-- Waits for whoever is at work under one of the keys, and takes all of them until the transaction's
-- end. The keys must come in their order.
-- name: answers_claim
SELECT key, created_at, fingerprint, answer FROM {in_turn:idempotency_keys}
WHERE store_id = :store_id AND key {any:keys}

-- name: answer_add
INSERT INTO idempotency_keys (store_id, key, fingerprint, answer, created_at)
VALUES {row:(:store_id, :key, :fingerprint, :answer, :now)}

-- name: answers_old (any store)
SELECT store_id, key FROM idempotency_keys WHERE created_at <= :kept_since
ORDER BY created_at LIMIT :rows {claim}

-- name: answer_forget
DELETE FROM idempotency_keys
WHERE store_id = :store_id AND key = :key AND created_at <= :kept_since

-- Answers from one on, in the order of their age; locked, so that two who change one do so in turn.
-- name: answers_by_age (any store)
SELECT created_at, store_id, key, answer FROM idempotency_keys {index:idempotency_keys_by_age}
WHERE created_at >= :after_at AND (created_at, store_id, key) > (:after_at, :after, :key)
ORDER BY created_at, store_id, key LIMIT :rows {lock}

-- name: answer_redact
UPDATE idempotency_keys SET answer = :answer
WHERE store_id = :store_id AND key = :key AND created_at = :created_at

-- The transactions that are at work under a key.
-- name: answers_at_work (any store)
SELECT {at_work:NULL WHERE FALSE}
