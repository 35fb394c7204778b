-- Served by programs that know it.
-- A name that a store's key noted, and nobody who is believed everywhere, leads to the resident at
-- that store alone. NULL: the operator or the resolver noted it.
ALTER TABLE resident_names ADD COLUMN noted_by TEXT REFERENCES stores (id);

-- The stores at which such a name leads to its resident.
CREATE TABLE store_names (
    store_id TEXT NOT NULL REFERENCES stores (id),
    username TEXT NOT NULL REFERENCES resident_names (username),
    noted_at INTEGER NOT NULL,
    PRIMARY KEY (store_id, username)
) STRICT, WITHOUT ROWID;
