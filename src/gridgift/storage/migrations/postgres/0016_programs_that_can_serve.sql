-- The version of the oldest program that can serve what a migration made; NULL: those that know it.
ALTER TABLE migrations ADD COLUMN oldest_program integer;
