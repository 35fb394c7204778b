-- Served by programs from 0024 on.
-- The list of all of a store's cards, in each of its orders (decision 38 says what they cost).
CREATE INDEX gift_cards_by_creation ON gift_cards (store_id, created_at, id);
CREATE INDEX gift_cards_by_credit ON gift_cards (store_id, credit, id);
CREATE INDEX gift_cards_by_change ON gift_cards (store_id, updated_at, id);
CREATE INDEX gift_cards_by_end ON gift_cards (store_id, expires_at, id)
    WHERE expires_at IS NOT NULL;
