-- How much of a captured hold was taken; NULL: all of it.
ALTER TABLE holds ADD COLUMN captured INTEGER CHECK (captured BETWEEN 1 AND amount);
