-- Served by programs from 0043 on.
-- Whether the cards that a unit gives or sells may be passed on by their owners.
ALTER TABLE units ADD COLUMN transferable INTEGER NOT NULL DEFAULT 0;
