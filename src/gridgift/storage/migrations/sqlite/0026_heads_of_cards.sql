-- Served by programs from 0025 on.
-- The hash of a card's newest entry, in the card's own row, so that a read needs no second look-up for
-- its ETag; head_seq is that entry's number. A program which does not know them writes a version that
-- is not head_seq: then the entry itself is looked up. On PostgreSQL all cards wait for this step.
ALTER TABLE gift_cards ADD COLUMN head BLOB CHECK (length(head) = 32);
ALTER TABLE gift_cards ADD COLUMN head_seq INTEGER NOT NULL DEFAULT 0;

UPDATE gift_cards SET head = e.hash, head_seq = e.seq
FROM entries e
WHERE e.store_id = gift_cards.store_id AND e.account_kind = 'card'
    AND e.account_id = gift_cards.id AND e.seq = gift_cards.version;
