-- The fingerprint of the server's secret, and whether anything was ever signed with a secret.
-- name: secret_known (any store)
SELECT (SELECT fingerprint FROM server_secret),
    EXISTS (SELECT 1 FROM api_keys) OR EXISTS (SELECT 1 FROM customer_tokens)

-- name: secret_note (any store)
INSERT INTO server_secret (id, fingerprint, noted_at) VALUES (1, :fingerprint, :now)
ON CONFLICT (id) DO NOTHING

-- name: secret_replace (any store)
INSERT INTO server_secret (id, fingerprint, noted_at) VALUES (1, :fingerprint, :now)
ON CONFLICT (id) DO UPDATE SET fingerprint = excluded.fingerprint, noted_at = excluded.noted_at

-- name: keys_end (any store)
UPDATE api_keys SET revoked_at = :now WHERE revoked_at IS NULL

-- name: tokens_end (any store)
UPDATE customer_tokens SET revoked_at = :now WHERE revoked_at IS NULL AND expires_at > :now
