-- Served by programs from 0049 on.
-- A search by credit passes over cards that do not end in its time without reading them.
DROP INDEX gift_cards_by_credit;
CREATE INDEX gift_cards_by_credit ON gift_cards (store_id, credit, id, expires_at);
