-- Served by programs that know it.
-- What vendors were paid, each payment once and for ever: the card that was sold, or why the L$ go
-- back. The digest is that of the request with this nonce.
CREATE TABLE unit_purchases (
    store_id TEXT NOT NULL,
    unit_id TEXT NOT NULL,
    nonce TEXT NOT NULL,
    digest BLOB NOT NULL,
    payer_uuid TEXT NOT NULL,
    amount INTEGER NOT NULL,
    paid_at INTEGER NOT NULL,
    card_id TEXT,
    refund TEXT,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (store_id, unit_id, nonce),
    FOREIGN KEY (store_id, unit_id) REFERENCES units (store_id, id),
    FOREIGN KEY (store_id, card_id) REFERENCES gift_cards (store_id, id),
    CONSTRAINT card_or_refund CHECK ((card_id IS NULL) <> (refund IS NULL))
) STRICT, WITHOUT ROWID;
