-- Served by programs from 0047 on.
-- The store credit that each redeemed card became: a redemption writes a row into it, a grant none.
CREATE INDEX entries_of_redeemed_cards ON entries (store_id, (state ->> 'reference'))
    WHERE kind = 'credit_redeemed';
