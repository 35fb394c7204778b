-- Served by programs that know it.
-- A name that a store's key noted, and nobody who is believed everywhere, leads to the resident at
-- that store alone. NULL: the operator or the resolver noted it.
ALTER TABLE resident_names ADD COLUMN noted_by uuid REFERENCES stores (id);

-- Names are searched by what they begin with, so their order is that of their bytes.
ALTER TABLE resident_names ALTER COLUMN username TYPE text COLLATE "C";
ALTER TABLE residents ALTER COLUMN username TYPE text COLLATE "C";

-- The stores at which such a name leads to its resident.
CREATE TABLE store_names (
    store_id uuid NOT NULL REFERENCES stores (id),
    username text COLLATE "C" NOT NULL REFERENCES resident_names (username),
    noted_at bigint NOT NULL,
    PRIMARY KEY (store_id, username)
);
