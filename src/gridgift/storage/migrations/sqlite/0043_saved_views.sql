-- Served by programs from 0042 on.
-- What operators call their searches of a store's cards: the query of the list's address.
CREATE TABLE saved_views (
    store_id TEXT NOT NULL REFERENCES stores (id),
    operator_id TEXT NOT NULL REFERENCES operators (id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    query TEXT NOT NULL,
    PRIMARY KEY (store_id, operator_id, id)
) STRICT, WITHOUT ROWID;
