-- Served by programs from 0039 on.
-- Which cards a resident has passed on: they are in the giver's history, and in no list of cards any more.
CREATE INDEX entries_passed_on ON entries (store_id, (state ->> 'source'), account_id) WHERE kind = 'transferred';
