-- Served by programs that know it.
-- What vendors were paid, each payment once and for ever: the card that was sold, or why the L$ go
-- back. The digest is that of the request with this nonce.
CREATE TABLE unit_purchases (
    store_id uuid NOT NULL,
    unit_id uuid NOT NULL,
    nonce uuid NOT NULL,
    digest bytea NOT NULL,
    payer_uuid uuid NOT NULL,
    amount integer NOT NULL,
    paid_at bigint NOT NULL,
    card_id uuid,
    refund text,
    created_at bigint NOT NULL,
    PRIMARY KEY (store_id, unit_id, nonce),
    FOREIGN KEY (store_id, unit_id) REFERENCES units (store_id, id),
    FOREIGN KEY (store_id, card_id) REFERENCES gift_cards (store_id, id),
    CONSTRAINT card_or_refund CHECK ((card_id IS NULL) <> (refund IS NULL))
);
