-- Served by programs from 0035 on.
-- Which payments to a vendor are to be given back.
CREATE INDEX unit_refunds ON unit_purchases (store_id, unit_id, created_at) WHERE refund IS NOT NULL;
