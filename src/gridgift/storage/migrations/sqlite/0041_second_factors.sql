-- Served by programs from 0040 on.
-- Operators who are asked for a code of an app besides: the app's secret follows from the server's and
-- from the seed. last_step is the time step of the newest code that was taken, wrong how many wrong
-- codes came since, and wrong_at when the last of them did.
CREATE TABLE operator_second_factors (
    operator_id TEXT NOT NULL PRIMARY KEY REFERENCES operators (id),
    seed TEXT NOT NULL,
    since INTEGER NOT NULL,
    last_step INTEGER NOT NULL,
    wrong INTEGER NOT NULL,
    wrong_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What stands in for the app, each once: SHA-256.
CREATE TABLE operator_recovery_codes (
    operator_id TEXT NOT NULL REFERENCES operators (id),
    hash BLOB NOT NULL,
    PRIMARY KEY (operator_id, hash)
) STRICT, WITHOUT ROWID;

-- Browsers in which the password was right, or a link was used, and the code is still to come: the
-- SHA-256 of their cookie.
CREATE TABLE operator_sign_ins (
    hash BLOB NOT NULL PRIMARY KEY,
    operator_id TEXT NOT NULL REFERENCES operators (id),
    by_link INTEGER NOT NULL CHECK (by_link IN (0, 1)),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX operator_sign_ins_by_operator ON operator_sign_ins (operator_id);
