-- How much of a captured hold was taken; NULL: all of it.
ALTER TABLE holds ADD COLUMN captured integer CHECK (captured BETWEEN 1 AND amount);
