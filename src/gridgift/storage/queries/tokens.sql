-- fragment: token
store_id, id, resident_uuid, hash, created_at, expires_at, revoked_at

-- name: token_add
INSERT INTO customer_tokens (store_id, id, resident_uuid, hash, created_at, expires_at)
VALUES (:store_id, :id, :resident_uuid, :hash, :now, :expires_at)

-- name: token_by_id
SELECT {token} FROM customer_tokens WHERE store_id = :store_id AND id = :id

-- name: tokens_revoke
UPDATE customer_tokens {index:customer_tokens_by_resident} SET revoked_at = :now
WHERE store_id = :store_id AND resident_uuid = :resident_uuid AND revoked_at IS NULL
    AND expires_at > :now

-- name: tokens_old (any store)
SELECT store_id, id FROM customer_tokens WHERE expires_at <= :gone_since
ORDER BY expires_at LIMIT :rows {claim}

-- name: token_forget
DELETE FROM customer_tokens WHERE store_id = :store_id AND id = :id
