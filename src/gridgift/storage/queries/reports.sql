-- What reports add up: everything of a store, some accounts at a time, in the order of their ids.
-- A quarter is one of an hour: its number since the epoch. Where there are cards, all of the world's
-- time zones are whole quarters away from UTC, so days and months begin with one.

-- fragment: quarter_hour
900000

-- An end later than any that can be written.
-- fragment: never
9223372036854775807

-- Of each card its first entry (e) and, if it had credit at an instant, its newest one of then (n).
-- fragment: cards_then
FROM entries e
    JOIN entries n ON n.store_id = :store_id AND n.account_kind = 'card'
        AND n.account_id = e.account_id AND n.balance_after > 0
        AND n.seq = (SELECT MAX(b.seq) FROM entries b
            WHERE b.store_id = :store_id AND b.account_kind = 'card'
                AND b.account_id = e.account_id AND b.created_at <= :at)
    WHERE e.store_id = :store_id AND e.account_kind = 'card' AND e.account_id > :after
        AND e.account_id <= :until AND e.seq = 1 AND e.created_at <= :at

-- The last one of the next cards; null if there are none.
-- name: cards_until
SELECT id FROM (
    SELECT id FROM gift_cards WHERE store_id = :store_id AND id > :after ORDER BY id LIMIT :rows
) next_ones ORDER BY id DESC LIMIT 1

-- The last one of the next customers.
-- name: customers_until
SELECT resident_uuid FROM (
    SELECT resident_uuid FROM customers
    WHERE store_id = :store_id AND resident_uuid > :after ORDER BY resident_uuid LIMIT :rows
) next_ones ORDER BY resident_uuid DESC LIMIT 1

-- The first one of the cards before.
-- name: cards_since
SELECT id FROM (
    SELECT id FROM gift_cards WHERE store_id = :store_id AND id < :until ORDER BY id DESC LIMIT :rows
) ones_before ORDER BY id LIMIT 1

-- The first one of the customers before.
-- name: customers_since
SELECT resident_uuid FROM (
    SELECT resident_uuid FROM customers
    WHERE store_id = :store_id AND resident_uuid < :until ORDER BY resident_uuid DESC LIMIT :rows
) ones_before ORDER BY resident_uuid LIMIT 1

-- Cards' credit now, by what can be done with it.
-- name: cards_owed
SELECT standing, source, quarter, COUNT(*), CAST(SUM(credit) AS BIGINT)
FROM (
    SELECT CASE WHEN expires_at <= :at THEN 'expired' WHEN active THEN 'open' ELSE 'disabled' END
        AS standing, {source} AS source, created_at / {quarter_hour} AS quarter, credit
    FROM gift_cards
    WHERE store_id = :store_id AND id > :after AND id <= :until AND credit > 0
) each
GROUP BY standing, source, quarter

-- The same at an instant, by the entries alone: each card's first, and its newest one of then.
-- name: cards_owed_at
SELECT standing, source, quarter, COUNT(*), CAST(SUM(credit) AS BIGINT)
FROM (
    SELECT CASE WHEN CAST({json:n.state} ->> 'expiresAt' AS BIGINT) <= :at THEN 'expired'
            WHEN CAST({json:n.state} ->> 'active' AS TEXT) IN ('true', '1') THEN 'open'
            ELSE 'disabled' END AS standing,
        CASE WHEN e.kind = 'reissued' THEN 'reissue' ELSE e.actor_kind END AS source,
        e.created_at / {quarter_hour} AS quarter, n.balance_after AS credit
    {cards_then}
) each
GROUP BY standing, source, quarter

-- Store credit now.
-- name: credit_owed
SELECT standing, CAST(SUM(remaining) AS BIGINT)
FROM (
    SELECT CASE WHEN expires_at <= :at THEN 'expired' WHEN restricted THEN 'restricted'
        ELSE 'unrestricted' END AS standing, remaining
    FROM credit_lots
    WHERE store_id = :store_id AND resident_uuid > :after AND resident_uuid <= :until
        AND remaining > 0
) each
GROUP BY standing

-- The same at an instant: what entries up to then moved of each lot. A lot ends when its row says: it
-- can be extended only while it is open, so it was open before, too.
-- name: credit_owed_at
SELECT standing, CAST(SUM(delta) AS BIGINT)
FROM (
    SELECT CASE WHEN l.expires_at <= :at THEN 'expired' WHEN l.restricted THEN 'restricted'
        ELSE 'unrestricted' END AS standing, CAST(moved.value ->> 1 AS BIGINT) AS delta
    FROM entries e
    CROSS JOIN {json_each:{json:e.state} -> 'lots'} moved
    JOIN credit_lots l ON l.store_id = e.store_id AND l.resident_uuid = e.account_id
        AND l.id = {uuid:moved.value ->> 0}
    WHERE e.store_id = :store_id AND e.account_kind = 'credit' AND e.account_id > :after
        AND e.account_id <= :until AND e.created_at <= :at
) each
GROUP BY standing

-- What entries of a time did, of an expired card what it had; updates that moved nothing are left out.
-- name: accounts_activity
SELECT kind, created_at / {quarter_hour}, COUNT(*),
    CAST(SUM(CASE WHEN kind = 'expired' THEN balance_after ELSE delta END) AS BIGINT)
FROM entries
WHERE store_id = :store_id AND account_kind = :account_kind AND account_id > :after
    AND account_id <= :until AND created_at >= :begins_at AND created_at < :ends_at
    AND (kind <> 'updated' OR delta <> 0)
GROUP BY kind, created_at / {quarter_hour}

-- Credit of cards that can be used now, by the quarter before which it ends.
-- name: cards_ending
SELECT (expires_at - 1) / {quarter_hour}, COUNT(*), CAST(SUM(credit) AS BIGINT)
FROM gift_cards {index:gift_cards_by_end}
WHERE store_id = :store_id AND expires_at > :at AND expires_at <= :ends_at
    AND active AND credit > 0
GROUP BY (expires_at - 1) / {quarter_hour}

-- The same at an instant, by the entries alone.
-- name: cards_ending_at
SELECT (expires_at - 1) / {quarter_hour}, COUNT(*), CAST(SUM(credit) AS BIGINT)
FROM (
    SELECT CAST({json:n.state} ->> 'expiresAt' AS BIGINT) AS expires_at, n.balance_after AS credit
    {cards_then}
        AND CAST({json:n.state} ->> 'active' AS TEXT) IN ('true', '1')
        AND CAST({json:n.state} ->> 'expiresAt' AS BIGINT) > :at
        AND CAST({json:n.state} ->> 'expiresAt' AS BIGINT) <= :ends_at
) each
GROUP BY (expires_at - 1) / {quarter_hour}

-- name: credit_ending
SELECT (expires_at - 1) / {quarter_hour}, COUNT(*), CAST(SUM(remaining) AS BIGINT)
FROM credit_lots {index:credit_lots_by_expiry}
WHERE store_id = :store_id AND expires_at > :at AND expires_at <= :ends_at AND remaining > 0
GROUP BY (expires_at - 1) / {quarter_hour}

-- A lot can only be extended, so of the terms that entries up to an instant state the latest end was
-- its end then. Of a lot that old entries state no terms of, its row says when it ends.
-- fragment: lot_end
COALESCE(MAX(each.expires_at), MAX(l.expires_at))

-- The same at an instant, by the entries alone.
-- name: credit_ending_at
SELECT (expires_at - 1) / {quarter_hour}, COUNT(*), CAST(SUM(remaining) AS BIGINT)
FROM (
    SELECT {lot_end} AS expires_at, SUM(each.delta) AS remaining
    FROM (
        SELECT e.account_id, moved.value ->> 0 AS lot_id,
            CAST(moved.value ->> 1 AS BIGINT) AS delta, CAST(NULL AS BIGINT) AS expires_at
        FROM entries e
        CROSS JOIN {json_each:{json:e.state} -> 'lots'} moved
        WHERE e.store_id = :store_id AND e.account_kind = 'credit' AND e.account_id > :after
            AND e.account_id <= :until AND e.created_at <= :at
        UNION ALL
        SELECT e.account_id, stated.key, 0, COALESCE(CAST(stated.value ->> 0 AS BIGINT), {never})
        FROM entries e
        CROSS JOIN {json_members:{json:e.state} -> 'terms'} stated
        WHERE e.store_id = :store_id AND e.account_kind = 'credit' AND e.account_id > :after
            AND e.account_id <= :until AND e.created_at <= :at
    ) each
    JOIN credit_lots l ON l.store_id = :store_id AND l.resident_uuid = each.account_id
        AND l.id = {uuid:each.lot_id}
    GROUP BY each.account_id, each.lot_id
    HAVING SUM(each.delta) > 0 AND {lot_end} > :at AND {lot_end} <= :ends_at
) lots
GROUP BY (expires_at - 1) / {quarter_hour}
