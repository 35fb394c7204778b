-- Served by programs from 0016 on.
-- By which the database tells its server's secret from another one: HMAC-SHA256 of a constant under it.
CREATE TABLE server_secret (
    id integer NOT NULL PRIMARY KEY CHECK (id = 1),
    fingerprint bytea NOT NULL CHECK (length(fingerprint) = 32),
    noted_at bigint NOT NULL
);
