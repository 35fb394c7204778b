-- One transaction's events may have one position: then they are in the order of the rest of the key.

-- fragment: next_position
{position:(SELECT COALESCE(MAX(position), 0) + 1 FROM events WHERE store_id = :store_id)}

-- The event that an entry of the ledger is; all else about it is in the entry.
-- name: event_add
INSERT INTO events (store_id, position, account_kind, account_id, seq, created_at)
VALUES {row:(:store_id, {next_position}, :account_kind, :account_id, :seq, :created_at)}

-- What is in no ledger.
-- name: event_note
INSERT INTO events (store_id, position, account_kind, account_id, seq, created_at, type, details)
VALUES {row:(:store_id, {next_position}, :account_kind, :account_id, 0, :created_at, :type, :details)}

-- name: event_note_at
INSERT INTO events (store_id, position, account_kind, account_id, seq, created_at, type, details)
VALUES {row:(:store_id, :position, :account_kind, :account_id, 0, :created_at, :type, :details)}

-- An event, its entry, and the account's state and balance before that one. The first entry has none
-- before it, and with NULL nobody looks for it.
-- fragment: event
e.position, e.account_kind, e.account_id, e.seq, e.created_at, e.type, e.details,
n.kind, n.delta, n.balance_after, n.state, n.actor_kind, n.actor_id, n.reason, n.request_id, n.hash,
b.balance_after, b.state

-- listing: events_of_store
SELECT {event} FROM events e
LEFT JOIN entries n ON n.store_id = e.store_id AND n.account_kind = e.account_kind
    AND n.account_id = e.account_id AND n.seq = e.seq
LEFT JOIN entries b ON b.store_id = e.store_id AND b.account_kind = e.account_kind
    AND b.account_id = e.account_id AND b.seq = NULLIF(e.seq - 1, 0)
WHERE e.store_id = :store_id {settled} {seek}
ORDER BY {order} LIMIT :rows

-- name: event_at
SELECT {event}, e.store_id FROM events e
LEFT JOIN entries n ON n.store_id = e.store_id AND n.account_kind = e.account_kind
    AND n.account_id = e.account_id AND n.seq = e.seq
LEFT JOIN entries b ON b.store_id = e.store_id AND b.account_kind = e.account_kind
    AND b.account_id = e.account_id AND b.seq = NULLIF(e.seq - 1, 0)
WHERE e.store_id = :store_id AND e.position = :position AND e.account_kind = :account_kind
    AND e.account_id = :account_id AND e.seq = :seq

-- The newest position up to which each of some stores' events can be read; null if there is none.
-- name: events_newest (any store)
SELECT s.id, (SELECT MAX(e.position) FROM events e WHERE e.store_id = s.id {settled})
FROM stores s WHERE s.id {any:ids}

-- name: events_oldest
SELECT position, account_kind, account_id, seq, created_at FROM events
WHERE store_id = :store_id
ORDER BY position, account_kind, account_id, seq LIMIT :rows

-- name: event_forget
DELETE FROM events WHERE store_id = :store_id AND position = :position
    AND account_kind = :account_kind AND account_id = :account_id AND seq = :seq

-- The newest position of all, and the one that would come next (null: it follows from the newest).
-- name: events_ends (any store)
SELECT MAX(newest), {position:NULL}
FROM (SELECT (SELECT MAX(position) FROM events e WHERE e.store_id = s.id) AS newest FROM stores s) each

-- name: feed_begin (any store)
INSERT INTO feed (id, base, expiring_until, expiring_id, lapsed_until, lapsed_id)
VALUES (1, 0, :expiring_until, :last_id, :lapsed_until, :last_id)
ON CONFLICT (id) DO NOTHING

-- name: feed_raise (any store)
UPDATE feed SET base = base + :by WHERE id = 1

-- Claims the feed until the transaction's end: no other server goes on with it meanwhile.
-- name: feed_claim (any store)
SELECT expiring_until, expiring_id, lapsed_until, lapsed_id FROM feed WHERE id = 1 {claim}

-- name: feed_advance (any store)
UPDATE feed SET expiring_until = :expiring_until, expiring_id = :expiring_id,
    lapsed_until = :lapsed_until, lapsed_id = :lapsed_id
WHERE id = 1

-- fragment: told_card
c.store_id, c.id, c.credit, c.owner_uuid, c.active, c.redeemed, c.transfer, c.texture, c.purchased,
c.expires_at

-- The next cards that end, after one of them and up to an instant.
-- name: cards_expiring (any store)
SELECT {told_card}, c.expires_at, c.id FROM gift_cards c {index:gift_cards_by_expiry}
WHERE c.expires_at >= :told_at AND (c.expires_at, c.id) > (:told_at, :told_id)
    AND c.expires_at <= :ends_by AND NOT c.expiry_noted AND NOT c.redeemed
ORDER BY c.expires_at, c.id LIMIT :rows

-- The next holds whose time is over, each with its card.
-- name: holds_lapsed (any store)
SELECT {told_card}, h.expires_at, h.id, h.amount FROM holds h {index:holds_by_expiry}
JOIN gift_cards c ON c.store_id = h.store_id AND c.id = h.card_id
WHERE h.expires_at >= :told_at AND (h.expires_at, h.id) > (:told_at, :told_id)
    AND h.expires_at <= :ends_by AND h.state = 'open' AND h.amount > 0
ORDER BY h.expires_at, h.id LIMIT :rows
