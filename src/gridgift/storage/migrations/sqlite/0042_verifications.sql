-- Served by programs from 0041 on.
-- What came of the last verification of each store: when, how many faults, and what was added up.
CREATE TABLE verifications (
    store_id TEXT NOT NULL PRIMARY KEY REFERENCES stores (id),
    finished_at INTEGER NOT NULL,
    faults INTEGER NOT NULL CHECK (faults >= 0),
    cards INTEGER NOT NULL,
    card_credit INTEGER NOT NULL,
    customers INTEGER NOT NULL,
    store_credit INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
