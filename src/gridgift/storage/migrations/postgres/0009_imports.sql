-- How far the import of a file of grants has come; digest is the SHA-256 of the file's content.
CREATE TABLE imports (
    store_id uuid NOT NULL REFERENCES stores (id),
    digest bytea NOT NULL CHECK (length(digest) = 32),
    rows_done integer NOT NULL CHECK (rows_done >= 0),
    granted integer NOT NULL CHECK (granted >= 0),
    skipped integer NOT NULL CHECK (skipped >= 0),
    refused integer NOT NULL CHECK (refused >= 0),
    started_at bigint NOT NULL,
    finished_at bigint,
    PRIMARY KEY (store_id, digest)
);

-- The refused rows of an unfinished import (number counts from 1), until their report is written.
CREATE TABLE import_refusals (
    store_id uuid NOT NULL,
    digest bytea NOT NULL,
    number integer NOT NULL CHECK (number >= 1),
    problem text NOT NULL,
    PRIMARY KEY (store_id, digest, number),
    FOREIGN KEY (store_id, digest) REFERENCES imports (store_id, digest)
);
