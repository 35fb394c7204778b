-- What a store says of its cards. A card of which it says nothing has no row.

-- name: labels_of_cards
SELECT card_id, reference, metadata FROM gift_card_labels
WHERE store_id = :store_id AND card_id {any:ids}

-- name: tags_of_cards
SELECT card_id, tag FROM gift_card_tags WHERE store_id = :store_id AND card_id {any:ids}

-- Cards that have one of some references, and what the first entry of each says that was asked for.
-- name: references_find
SELECT l.reference, l.card_id, e.balance_after, e.state, e.reason
FROM gift_card_labels l CROSS JOIN entries e
WHERE l.store_id = :store_id AND l.reference {any:references}
    AND e.store_id = :store_id AND e.account_kind = 'card' AND e.account_id = l.card_id AND e.seq = 1

-- name: reference_holder
SELECT card_id FROM gift_card_labels WHERE store_id = :store_id AND reference = :reference

-- The guard: no row comes back for a reference that another transaction has taken meanwhile.
-- name: labels_put
INSERT INTO gift_card_labels (store_id, card_id, reference, metadata)
VALUES (:store_id, :card_id, :reference, :metadata)
ON CONFLICT (store_id, reference) DO NOTHING
RETURNING card_id

-- name: tag_put
INSERT INTO gift_card_tags (store_id, card_id, tag) VALUES {row:(:store_id, :card_id, :tag)}

-- name: labels_drop
DELETE FROM gift_card_labels WHERE store_id = :store_id AND card_id = :card_id

-- name: tags_drop
DELETE FROM gift_card_tags WHERE store_id = :store_id AND card_id = :card_id

-- name: labels_in_range
SELECT card_id, reference, metadata FROM gift_card_labels
WHERE store_id = :store_id AND card_id > :after AND card_id <= :until

-- name: tags_in_range
SELECT card_id, tag FROM gift_card_tags
WHERE store_id = :store_id AND card_id > :after AND card_id <= :until

-- The newest notes on some cards: of each those that are among its newest entries.
-- name: notes_on_cards
SELECT {entry} FROM (
    SELECT e.* FROM gift_cards g CROSS JOIN entries e
    WHERE g.store_id = :store_id AND g.id {any:card_ids} AND e.store_id = :store_id
        AND e.account_kind = 'card' AND e.account_id = g.id AND e.seq > g.version - :newest
        AND e.kind = 'noted'
) noted ORDER BY created_at DESC, account_id DESC, seq DESC LIMIT :rows

-- The newest notes on each of some cards.
-- name: notes_of_each
SELECT {entry} FROM (
    SELECT n.* FROM gift_cards g CROSS JOIN entries n {index:entries_noted}
    WHERE g.store_id = :store_id AND g.id {any:ids} AND n.store_id = :store_id
        AND n.account_id = g.id AND n.kind = 'noted' AND n.seq >= COALESCE((
            SELECT e.seq FROM entries e {index:entries_noted}
            WHERE e.store_id = :store_id AND e.account_id = g.id AND e.kind = 'noted'
            ORDER BY e.seq DESC LIMIT 1 OFFSET :newest - 1), 0)
) noted

-- listing: notes_of_card
SELECT {entry} FROM entries {index}
WHERE store_id = :store_id AND account_kind = 'card' AND account_id = :account_id
    AND kind = 'noted' {seek}
ORDER BY {order} LIMIT :rows
