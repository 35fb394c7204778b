-- Served by programs from 0016 on.
-- Whose days a date is one of, where somebody writes a date without a time: IANA's name of a zone.
ALTER TABLE stores ADD COLUMN time_zone text NOT NULL DEFAULT 'America/Los_Angeles';
