-- Served by programs that know it.
-- What spends and captures took from a customer, in all: a list of customers can be searched by it.
-- A capture took from whoever owned the card then, as its ledger entry has it.
ALTER TABLE customers ADD COLUMN spent INTEGER NOT NULL DEFAULT 0 CHECK (spent >= 0);

UPDATE customers SET spent = taken.amount
FROM (
    SELECT store_id, resident_uuid, SUM(amount) AS amount
    FROM (
        SELECT store_id, resident_uuid, amount FROM credit_spends
        UNION ALL
        SELECT store_id, json_extract(state, '$.ownerUuid'), -delta FROM entries
        WHERE account_kind = 'card' AND kind = 'captured'
    ) each
    GROUP BY store_id, resident_uuid
) taken
WHERE customers.store_id = taken.store_id AND customers.resident_uuid = taken.resident_uuid;

CREATE INDEX customers_by_spent ON customers (store_id, spent, resident_uuid);
