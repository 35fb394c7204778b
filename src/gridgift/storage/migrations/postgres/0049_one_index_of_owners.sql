-- Served by programs from 0048 on.
-- Cards in certain states are found along gift_cards_by_owner: a grant writes into one index less.
DROP INDEX gift_cards_by_state;
