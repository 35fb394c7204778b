-- Lists with filters: a card in a rare state is found without a look at all the others.
CREATE INDEX gift_cards_by_state ON gift_cards (store_id, owner_uuid, redeemed, active, id);

-- What is held of a card now, whatever was held before.
CREATE INDEX holds_open ON holds (store_id, card_id, expires_at) WHERE state = 'open';
