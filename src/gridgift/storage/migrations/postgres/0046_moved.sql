-- Served by programs from 0045 on.
-- What took from a store's cards and credit, or was changed by hand, by time: a grant writes nothing into it.
CREATE INDEX entries_moved ON entries (store_id, created_at, account_id, seq)
    WHERE delta <> 0 AND kind IN ('captured', 'redeemed', 'updated', 'adjusted', 'credit_spent');
