-- name: answer_find
SELECT fingerprint, status, etag, body FROM idempotency_keys
WHERE store_id = :store_id AND key = :key AND created_at > :kept_since

-- name: answer_keep
INSERT INTO idempotency_keys (store_id, key, fingerprint, status, etag, body, created_at)
VALUES (:store_id, :key, :fingerprint, :status, :etag, :body, :now)
ON CONFLICT (store_id, key) DO UPDATE SET fingerprint = excluded.fingerprint,
    status = excluded.status, etag = excluded.etag, body = excluded.body,
    created_at = excluded.created_at
WHERE idempotency_keys.created_at <= :kept_since

-- name: answers_forget (any store)
DELETE FROM idempotency_keys WHERE (store_id, key) IN (
    SELECT store_id, key FROM idempotency_keys WHERE created_at <= :kept_since
    LIMIT :rows FOR UPDATE SKIP LOCKED)
