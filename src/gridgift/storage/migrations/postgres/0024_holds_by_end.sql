-- Served by programs from 0023 on.
-- A store's holds in the order in which they end, those of one state for themselves.
CREATE INDEX holds_by_end ON holds (store_id, state, expires_at, id);
