-- Served by programs from 0042 on.
-- What operators call their searches of a store's cards: the query of the list's address.
CREATE TABLE saved_views (
    store_id uuid NOT NULL REFERENCES stores (id),
    operator_id uuid NOT NULL REFERENCES operators (id),
    id uuid NOT NULL,
    name text NOT NULL,
    query text NOT NULL,
    PRIMARY KEY (store_id, operator_id, id)
);
