-- Served by programs that know it.
-- What the account's ledger has of credit, so that a list of customers can be sorted by it. Whoever
-- has none is not in the index: a new customer costs nothing more.
ALTER TABLE customers ADD COLUMN balance INTEGER NOT NULL DEFAULT 0 CHECK (balance >= 0);

UPDATE customers SET balance = tip.balance_after
FROM entries tip
WHERE tip.store_id = customers.store_id AND tip.account_kind = 'credit'
    AND tip.account_id = customers.resident_uuid AND tip.seq = customers.version;

CREATE INDEX customers_by_balance ON customers (store_id, balance, resident_uuid)
WHERE balance <> 0;
