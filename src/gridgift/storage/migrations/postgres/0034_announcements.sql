-- Served by programs from 0033 on.
-- New cards of which their owners are to be told in Second Life, and when a terminal took each (0: none
-- has). In which language an object has last seen a customer; empty: none has.
CREATE TABLE announcements (
    store_id uuid NOT NULL,
    card_id uuid NOT NULL,
    resident_uuid uuid NOT NULL REFERENCES residents (uuid),
    created_at bigint NOT NULL,
    taken_at bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (store_id, card_id),
    FOREIGN KEY (store_id, card_id) REFERENCES gift_cards (store_id, id)
);

CREATE INDEX announcements_by_age ON announcements (store_id, created_at);
CREATE INDEX announcements_by_turn ON announcements (store_id, taken_at, card_id);

ALTER TABLE stores ADD COLUMN announce text NOT NULL DEFAULT 'no' CHECK (announce IN ('no', 'yes', 'link'));
ALTER TABLE customers ADD COLUMN language text NOT NULL DEFAULT '';
