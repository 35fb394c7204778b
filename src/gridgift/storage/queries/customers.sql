-- A store's customers: whoever got a card or credit there.

-- The credit that is open now; :now decides, as everywhere, not whether its expiry has been noted.
-- fragment: open_credit
l.store_id = :store_id AND l.resident_uuid = customers.resident_uuid AND l.remaining > 0
    AND (l.expires_at IS NULL OR l.expires_at > :now)

-- fragment: customer_username
(SELECT r.username FROM residents r WHERE r.uuid = customers.resident_uuid)

-- fragment: customer
resident_uuid, {customer_username},
spent, created_at,
(SELECT CAST(COALESCE(SUM(l.remaining), 0) AS BIGINT) FROM credit_lots l {index:credit_lots_open}
    WHERE {open_credit} AND NOT l.restricted),
(SELECT CAST(COALESCE(SUM(l.remaining), 0) AS BIGINT) FROM credit_lots l {index:credit_lots_open}
    WHERE {open_credit} AND l.restricted)

-- listing: customers_of_store
SELECT {customer} FROM customers
WHERE store_id = :store_id {seek}
ORDER BY {order} LIMIT :rows

-- Those who spent more than a sum, in the order of what they spent: however few they are among how
-- many, only they are looked at. Beyond a row of theirs there is nobody who spent less, and SQLite
-- takes one lower bound into its walk: so the filter stands only where the walk has no other.
-- listing: customers_by_spent
SELECT {customer} FROM customers {index}
WHERE store_id = :store_id {filters} {seek}
ORDER BY {order} LIMIT :rows

-- filter: spent_more
spent > :spent_more_than

-- name: customer_spent
UPDATE customers SET spent = spent + :amount
WHERE store_id = :store_id AND resident_uuid = :resident_uuid
