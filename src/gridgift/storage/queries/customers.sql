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

-- fragment: last_card
(SELECT g.created_at FROM gift_cards g {index:gift_cards_by_owner}
    WHERE g.store_id = :store_id AND g.owner_uuid = customers.resident_uuid
    ORDER BY g.id DESC LIMIT 1)

-- listing: customers_of_store
SELECT {customer} FROM customers
WHERE store_id = :store_id {seek}
ORDER BY {order} LIMIT :rows

-- listing: customers_by_uuid
SELECT resident_uuid FROM customers
WHERE store_id = :store_id {seek}
ORDER BY {order} LIMIT :rows

-- name: customers_find
SELECT {customer}, {last_card} FROM customers
WHERE store_id = :store_id AND resident_uuid {any:uuids}

-- Whose shown username begins so: of customers, and of cards' owners. Whoever has no name shows the UUID.
-- filter: customer_named
(SELECT r.username >= :prefix AND r.username < :prefix_end AND r.username <> CAST(r.uuid AS TEXT)
    FROM residents r WHERE r.uuid = resident_uuid)

-- filter: owner_named
(SELECT r.username >= :prefix AND r.username < :prefix_end AND r.username <> CAST(r.uuid AS TEXT)
    FROM residents r WHERE r.uuid = owner_uuid)

-- Those who have credit, in the order of it. Not "> 0", which SQLite would take for the lower bound of a
-- walk that has a nearer one.
-- listing: customers_by_credit
SELECT resident_uuid, balance FROM customers {index}
WHERE store_id = :store_id AND balance <> 0 {filters} {seek}
ORDER BY {order} LIMIT :rows

-- Those whose store credit ends in a time, from the first one to the last; whose ends first comes first.
-- listing: customers_ending
SELECT resident_uuid, ends_at, amount FROM (
    SELECT store_id, resident_uuid, MIN(expires_at) AS ends_at,
        CAST(SUM(remaining) AS BIGINT) AS amount
    FROM credit_lots {index:credit_lots_by_expiry}
    WHERE store_id = :store_id AND expires_at > :begins_at AND expires_at <= :ends_at
        AND remaining > 0
    GROUP BY store_id, resident_uuid
) ending
WHERE store_id = :store_id {seek}
ORDER BY {order} LIMIT :rows

-- Cards in the order in which they were granted, each with its owner, and whether the owner has a
-- newer one: so the others are customers in the order of their newest cards.
-- listing: customers_by_card
SELECT id, owner_uuid, NOT EXISTS (SELECT 1 FROM gift_cards l {index:gift_cards_by_owner}
    WHERE l.store_id = :store_id AND l.owner_uuid = gift_cards.owner_uuid AND l.id > gift_cards.id)
FROM gift_cards
WHERE store_id = :store_id {filters} {seek}
ORDER BY {order} LIMIT :rows

-- Owners of cards in the order of how many they have now; the cards of all are counted for a page.
-- listing: customers_by_cards
SELECT owner_uuid, cards FROM (
    SELECT store_id, owner_uuid, COUNT(*) AS cards FROM gift_cards {index:gift_cards_by_owner}
    WHERE store_id = :store_id
    GROUP BY store_id, owner_uuid
) counted
WHERE store_id = :store_id {filters} {seek}
ORDER BY {order} LIMIT :rows

-- How many cards some customers have, up to a number that is looked at.
-- name: customers_card_counts
SELECT resident_uuid, (SELECT COUNT(*) FROM (
    SELECT 1 FROM gift_cards {index:gift_cards_by_owner}
    WHERE store_id = :store_id AND owner_uuid = customers.resident_uuid
    LIMIT :rows
) counted) FROM customers
WHERE store_id = :store_id AND resident_uuid {any:uuids}

-- When a card's newest entry was written that is no expiry: the clock is nobody's activity.
-- fragment: card_active_at
CASE WHEN expiry_noted THEN (SELECT MAX(e.created_at) FROM entries e WHERE e.store_id = :store_id
    AND e.account_kind = 'card' AND e.account_id = gift_cards.id AND e.seq >= gift_cards.version - 1
    AND e.kind <> 'expired')
ELSE updated_at END

-- fragment: credit_active_at
(SELECT e.created_at FROM entries e WHERE e.store_id = :store_id AND e.account_kind = 'credit'
    AND e.account_id = customers.resident_uuid AND e.kind <> 'credit_expired'
    ORDER BY e.seq DESC LIMIT 1)

-- Customers in the order of what happened last to the cards that they have, or to their credit; all cards
-- and all customers are looked at for a page.
-- listing: customers_by_activity
SELECT resident_uuid, active_at FROM (
    SELECT store_id, resident_uuid, MAX(active_at) AS active_at FROM (
        SELECT store_id, owner_uuid AS resident_uuid, {card_active_at} AS active_at
        FROM gift_cards WHERE store_id = :store_id
        UNION ALL
        SELECT store_id, resident_uuid, {credit_active_at}
        FROM customers WHERE store_id = :store_id
    ) happened
    WHERE store_id = :store_id
    GROUP BY store_id, resident_uuid
) active
WHERE store_id = :store_id AND active_at IS NOT NULL {filters} {seek}
ORDER BY {order} LIMIT :rows

-- Of a customer's newest cards: how many there are, and how many of them can be used now, for how much.
-- name: customer_cards
SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN usable THEN 1 ELSE 0 END), 0) AS BIGINT),
    CAST(COALESCE(SUM(CASE WHEN usable THEN credit ELSE 0 END), 0) AS BIGINT)
FROM (
    SELECT credit, active AND NOT redeemed AND (expires_at IS NULL OR expires_at > :now) AS usable
    FROM gift_cards {index:gift_cards_by_owner}
    WHERE store_id = :store_id AND owner_uuid = :owner_uuid
    ORDER BY id DESC LIMIT :rows
) newest

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
