-- Served by programs from 0041 on.
-- What came of the last verification of each store: when, how many faults, and what was added up.
CREATE TABLE verifications (
    store_id uuid NOT NULL PRIMARY KEY REFERENCES stores (id),
    finished_at bigint NOT NULL,
    faults bigint NOT NULL CHECK (faults >= 0),
    cards bigint NOT NULL,
    card_credit bigint NOT NULL,
    customers bigint NOT NULL,
    store_credit bigint NOT NULL
);
