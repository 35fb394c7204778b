-- Instants are milliseconds since the Unix epoch; UUIDs are lower-case hyphenated text.

CREATE TABLE residents (
    uuid TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every name under which a resident was ever seen; old names go on leading to the resident.
CREATE TABLE resident_names (
    username TEXT NOT NULL PRIMARY KEY,
    resident_uuid TEXT NOT NULL REFERENCES residents (uuid),
    seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX resident_names_by_resident ON resident_names (resident_uuid);

CREATE TABLE stores (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    logo TEXT,
    blog_listed INTEGER NOT NULL DEFAULT 0 CHECK (blog_listed IN (0, 1)),
    application_open INTEGER NOT NULL DEFAULT 0 CHECK (application_open IN (0, 1)),
    base_bonus INTEGER NOT NULL DEFAULT 0 CHECK (base_bonus BETWEEN 0 AND 100),
    group_bonus INTEGER NOT NULL DEFAULT 0 CHECK (group_bonus BETWEEN 0 AND 100),
    location_slurl TEXT NOT NULL DEFAULT '',
    owner_uuid TEXT NOT NULL REFERENCES residents (uuid),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A resident becomes a store's customer by the first grant, claim or purchase.
CREATE TABLE customers (
    store_id TEXT NOT NULL REFERENCES stores (id),
    resident_uuid TEXT NOT NULL REFERENCES residents (uuid),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (store_id, resident_uuid)
) STRICT, WITHOUT ROWID;
