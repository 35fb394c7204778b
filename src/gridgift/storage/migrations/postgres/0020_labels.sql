-- Served by programs that know it.
-- What a store says of a card: a reference of its own, unique in the store, so that an order grants
-- once; tags; and metadata, an object of strings in JSON. Most cards have no row here.
CREATE TABLE gift_card_labels (
    store_id uuid NOT NULL,
    card_id uuid NOT NULL,
    reference text,
    metadata text NOT NULL,
    PRIMARY KEY (store_id, card_id),
    FOREIGN KEY (store_id, card_id) REFERENCES gift_cards (store_id, id)
);

CREATE UNIQUE INDEX gift_card_labels_by_reference ON gift_card_labels (store_id, reference);

CREATE TABLE gift_card_tags (
    store_id uuid NOT NULL,
    card_id uuid NOT NULL,
    tag text NOT NULL,
    PRIMARY KEY (store_id, card_id, tag),
    FOREIGN KEY (store_id, card_id) REFERENCES gift_card_labels (store_id, card_id)
);

CREATE INDEX gift_card_tags_by_tag ON gift_card_tags (store_id, tag, card_id);

-- Notes are entries: of all others this index has none.
CREATE INDEX entries_noted ON entries (store_id, account_id, seq) WHERE kind = 'noted';
