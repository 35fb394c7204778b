-- How far the import of a file of grants has come; digest is the SHA-256 of the file's content.
CREATE TABLE imports (
    store_id TEXT NOT NULL REFERENCES stores (id),
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    rows_done INTEGER NOT NULL CHECK (rows_done >= 0),
    granted INTEGER NOT NULL CHECK (granted >= 0),
    skipped INTEGER NOT NULL CHECK (skipped >= 0),
    refused INTEGER NOT NULL CHECK (refused >= 0),
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (store_id, digest)
) STRICT, WITHOUT ROWID;

-- The refused rows of an unfinished import (number counts from 1), until their report is written.
CREATE TABLE import_refusals (
    store_id TEXT NOT NULL,
    digest BLOB NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 1),
    problem TEXT NOT NULL,
    PRIMARY KEY (store_id, digest, number),
    FOREIGN KEY (store_id, digest) REFERENCES imports (store_id, digest)
) STRICT, WITHOUT ROWID;
