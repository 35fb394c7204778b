-- Instants are milliseconds since the Unix epoch; both engines agree on every logical column.

CREATE TABLE residents (
    uuid uuid NOT NULL PRIMARY KEY,
    username text NOT NULL,
    updated_at bigint NOT NULL
);

-- Every name under which a resident was ever seen; old names go on leading to the resident.
CREATE TABLE resident_names (
    username text NOT NULL PRIMARY KEY,
    resident_uuid uuid NOT NULL REFERENCES residents (uuid),
    seen_at bigint NOT NULL
);

CREATE INDEX resident_names_by_resident ON resident_names (resident_uuid);

CREATE TABLE stores (
    id uuid NOT NULL PRIMARY KEY,
    name text NOT NULL,
    logo uuid,
    blog_listed boolean NOT NULL DEFAULT FALSE,
    application_open boolean NOT NULL DEFAULT FALSE,
    base_bonus integer NOT NULL DEFAULT 0 CHECK (base_bonus BETWEEN 0 AND 100),
    group_bonus integer NOT NULL DEFAULT 0 CHECK (group_bonus BETWEEN 0 AND 100),
    location_slurl text NOT NULL DEFAULT '',
    owner_uuid uuid NOT NULL REFERENCES residents (uuid),
    created_at bigint NOT NULL
);

-- A resident becomes a store's customer by the first grant, claim or purchase.
CREATE TABLE customers (
    store_id uuid NOT NULL REFERENCES stores (id),
    resident_uuid uuid NOT NULL REFERENCES residents (uuid),
    created_at bigint NOT NULL,
    PRIMARY KEY (store_id, resident_uuid)
);
