-- The owner's username is the resident's present one, so it is looked up, not stored.

-- fragment: changed_card
store_id, id, owner_uuid,
(SELECT r.username FROM residents r WHERE r.uuid = gift_cards.owner_uuid),
credit, active, redeemed, transfer, texture, purchased, expires_at, version,
created_at, updated_at, held_until

-- The hash of the card's newest entry: from its row, unless that was changed by a program which
-- does not know the column.
-- fragment: newest_hash
CASE WHEN head_seq = version THEN head ELSE (SELECT e.hash FROM entries e
    WHERE e.store_id = :store_id AND e.account_kind = 'card'
        AND e.account_id = gift_cards.id AND e.seq = gift_cards.version) END

-- A card as it is read: with the head of its chain, of which its ETag is made.
-- fragment: card
{changed_card}, {hex:substr({newest_hash}, 1, 16)}

-- What a list of one owner's cards shows of each. On SQLite the index gift_cards_by_owner has it all.
-- fragment: owned_card
id, credit, active, redeemed, transfer, texture, purchased, expires_at

-- A page of them as one JSON array of arrays: row by row it would take several times as long.
-- fragment: owned_cards
{json_rows:{owned_card}}

-- name: card_by_id
SELECT {card} FROM gift_cards WHERE store_id = :store_id AND id = :id

-- One JSON array of arrays: to hand over a row costs more than to read it.
-- name: cards_by_ids
SELECT {json_rows:{card}} FROM gift_cards
WHERE store_id = :store_id AND id {any:ids}

-- The card and what is held of it, by one look: two could fall on both sides of a change.
-- name: card_shown
SELECT {card}, (SELECT COALESCE(SUM(h.amount), 0) FROM holds h {index:holds_open}
    WHERE h.store_id = :store_id AND h.card_id = :id AND h.state = 'open'
        AND h.expires_at > :now AND h.expires_at > gift_cards.updated_at)
FROM gift_cards WHERE store_id = :store_id AND id = :id

-- name: cards_newest_of_owner
SELECT id FROM gift_cards {index:gift_cards_by_owner}
WHERE store_id = :store_id AND owner_uuid = :owner_uuid
ORDER BY id DESC LIMIT :rows

-- The username of a list's owner: null for an unknown resident.
-- fragment: owner_username
(SELECT username FROM residents WHERE uuid = :owner_uuid)

-- A page of an owner's cards, and the owner's username.
-- listing: cards_of_owner
SELECT {owner_username}, (SELECT {owned_cards} FROM (
    SELECT {owned_card} FROM gift_cards {index}
    WHERE store_id = :store_id AND owner_uuid = :owner_uuid {filters} {seek}
    ORDER BY {order} LIMIT :rows
) page)

-- What a resident's own page shows: no card that expired unredeemed.
-- filter: shown
redeemed OR expires_at IS NULL OR expires_at > :now

-- Cards in the states that a client's filters leave: the index has both columns.
-- filter: in_states
redeemed BETWEEN :redeemed AND :redeemed_to AND active BETWEEN :active AND :active_to

-- A card as the ledger has made it; no value is left to the database.
-- name: card_put
INSERT INTO gift_cards (store_id, id, owner_uuid, credit, active, redeemed, transfer, texture,
    purchased, expires_at, version, created_at, updated_at, head, head_seq)
VALUES {row:(:store_id, :id, :owner_uuid, :credit, :active, :redeemed, :transfer, :texture,
    :purchased, :expires_at, :version, :created_at, :updated_at, :hash, :version)}

-- Cards that nobody else changes until the transaction's end, each with the hash of its newest
-- entry. Where a lock was waited for, PostgreSQL sees a card as it is now, and all else as it was
-- before: the name of an owner who is new, and a hash that the card's row has not, are NULL, and a
-- second look sees everything.
-- name: cards_lock
SELECT {changed_card}, {newest_hash}
FROM gift_cards WHERE store_id = :store_id AND id {any:ids}
ORDER BY id {lock}

-- The same cards, without waiting for anybody.
-- name: cards_look
SELECT {changed_card}, {newest_hash}
FROM gift_cards WHERE store_id = :store_id AND id {any:ids}
ORDER BY id

-- The guard: a card must be as it was when it was locked. One whose date has moved expires anew: its
-- expiry has then not been noted yet.
-- name: card_save
UPDATE gift_cards
SET owner_uuid = :owner_uuid, credit = :credit, active = :active, redeemed = :redeemed,
    transfer = :transfer, texture = :texture, expires_at = :expires_at, held_until = :held_until,
    expiry_noted = :expiry_noted
        OR (expiry_noted AND expires_at IS NOT DISTINCT FROM :expires_at),
    version = :version, updated_at = :updated_at, head = :hash, head_seq = :version
WHERE store_id = :store_id AND id = :id AND version = :version_before
RETURNING id

-- Claims the cards until the transaction's end; other transactions pass them over.
-- name: cards_expired (any store)
SELECT store_id, id FROM gift_cards
WHERE expires_at <= :now AND NOT expiry_noted AND NOT redeemed
LIMIT :rows {claim}
