-- Served by programs from 0037 on.
-- Whom a store's customers ask, in the store's own words; empty: it has not said.
ALTER TABLE stores ADD COLUMN contact TEXT NOT NULL DEFAULT '';
