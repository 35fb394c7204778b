-- Served by programs from 0038 on.
-- Since when a unit's object was silent when an event last told of it.
ALTER TABLE units ADD COLUMN silence_told bigint;

CREATE INDEX units_polling ON units (seen_at)
    WHERE object_uuid IS NOT NULL AND NOT paused AND kind IN ('terminal', 'directory');
