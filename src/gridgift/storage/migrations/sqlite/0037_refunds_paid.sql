-- Served by programs from 0036 on.
-- When a vendor's object began to give a payment back, and when, and by whom, it was given back. Of
-- refunds from before this step nobody told the server.
ALTER TABLE unit_purchases ADD COLUMN refund_begun_at INTEGER;
ALTER TABLE unit_purchases ADD COLUMN refunded_at INTEGER;
ALTER TABLE unit_purchases ADD COLUMN refunded_by_kind TEXT;
ALTER TABLE unit_purchases ADD COLUMN refunded_by TEXT;
ALTER TABLE unit_purchases ADD COLUMN refund_note TEXT NOT NULL DEFAULT '';

DROP INDEX unit_refunds;
CREATE INDEX unit_refunds ON unit_purchases (store_id, unit_id, created_at, nonce) WHERE refund IS NOT NULL;
CREATE INDEX refunds_by_age ON unit_purchases (store_id, created_at, unit_id, nonce)
    WHERE refund IS NOT NULL;
CREATE INDEX refunds_owed ON unit_purchases (store_id, created_at, unit_id, nonce)
    WHERE refund IS NOT NULL AND refunded_at IS NULL;
CREATE INDEX refunds_noted ON unit_purchases (store_id, unit_id, nonce) WHERE refund_note <> '';
