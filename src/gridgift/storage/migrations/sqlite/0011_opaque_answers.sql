-- What was answered is one value that only the edge reads: status, ETag and a line end before the body.
ALTER TABLE idempotency_keys ADD COLUMN answer BLOB NOT NULL DEFAULT x'';

UPDATE idempotency_keys
SET answer = CAST(status || ' ' || COALESCE(etag, '') || char(10) || CAST(body AS TEXT) AS BLOB);

ALTER TABLE idempotency_keys DROP COLUMN status;

ALTER TABLE idempotency_keys DROP COLUMN etag;

ALTER TABLE idempotency_keys DROP COLUMN body;
