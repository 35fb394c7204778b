-- A resident's keys stood behind the resident's UUID and a space, as a store's own key could begin too.
-- Only what a resident asked was answered with true alone.
UPDATE idempotency_keys
SET key = 'resident ' || substr(key, 1, 36) || char(10) || substr(key, 38)
WHERE key LIKE '________-____-____-____-____________ %'
    AND answer = CAST('200 ' || char(10) || 'true' AS BLOB);
