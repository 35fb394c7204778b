-- fragment: key
store_id, id, name, hash, preview, scopes, created_at, expires_at, revoked_at, last_used_at

-- name: key_by_id
SELECT {key} FROM api_keys WHERE store_id = :store_id AND id = :id

-- name: keys_of_store
SELECT {key} FROM api_keys WHERE store_id = :store_id ORDER BY id

-- Locks the store's row before a key is made or changed, so that its keys change one after the other:
-- a name that is taken is found to be taken, and a key that was revoked has no successor.
-- name: keys_lock
UPDATE stores SET name = name WHERE id = :store_id

-- name: key_add
INSERT INTO api_keys (store_id, id, name, hash, preview, scopes, created_at, expires_at)
VALUES (:store_id, :id, :name, :hash, :preview, :scopes, :now, :expires_at)
ON CONFLICT (store_id, name) WHERE revoked_at IS NULL DO NOTHING

-- name: key_name_holder
SELECT id FROM api_keys WHERE store_id = :store_id AND name = :name AND revoked_at IS NULL

-- name: key_rename
UPDATE api_keys SET name = :name
WHERE store_id = :store_id AND id = :id AND revoked_at IS NULL

-- name: key_rescope
UPDATE api_keys SET scopes = :scopes
WHERE store_id = :store_id AND id = :id AND revoked_at IS NULL

-- name: key_retire
UPDATE api_keys SET name = :name, expires_at = :expires_at
WHERE store_id = :store_id AND id = :id AND revoked_at IS NULL

-- name: key_revoke
UPDATE api_keys SET revoked_at = :now
WHERE store_id = :store_id AND id = :id AND revoked_at IS NULL

-- name: key_used
UPDATE api_keys SET last_used_at = :used_at
WHERE store_id = :store_id AND id = :id AND (last_used_at IS NULL OR last_used_at < :used_at)
