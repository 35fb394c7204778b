-- What was answered is one value that only the edge reads: status, ETag and a line end before the body.
ALTER TABLE idempotency_keys ADD COLUMN answer bytea NOT NULL DEFAULT '';

UPDATE idempotency_keys
SET answer = convert_to(status::text || ' ' || COALESCE(etag, '') || E'\n', 'UTF8') || body;

ALTER TABLE idempotency_keys DROP COLUMN status, DROP COLUMN etag, DROP COLUMN body;
