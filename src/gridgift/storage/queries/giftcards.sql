-- The owner's username is the resident's present one, so it is looked up, not stored.

-- fragment: card
store_id, id, owner_uuid,
(SELECT r.username FROM residents r WHERE r.uuid = gift_cards.owner_uuid),
credit, active, redeemed, transfer, texture, purchased, expires_at, version,
created_at, updated_at

-- name: card_by_id
SELECT {card} FROM gift_cards WHERE store_id = :store_id AND id = :id

-- name: cards_of_owner_after
SELECT {card} FROM gift_cards
WHERE store_id = :store_id AND owner_uuid = :owner_uuid AND id > :position
    AND (CAST(:active AS boolean) IS NULL OR active = CAST(:active AS boolean))
    AND (CAST(:redeemed AS boolean) IS NULL OR redeemed = CAST(:redeemed AS boolean))
ORDER BY id LIMIT :rows

-- name: cards_of_owner_before
SELECT {card} FROM gift_cards
WHERE store_id = :store_id AND owner_uuid = :owner_uuid AND id < :position
    AND (CAST(:active AS boolean) IS NULL OR active = CAST(:active AS boolean))
    AND (CAST(:redeemed AS boolean) IS NULL OR redeemed = CAST(:redeemed AS boolean))
ORDER BY id DESC LIMIT :rows

-- name: card_add
INSERT INTO gift_cards (store_id, id, owner_uuid, credit, active, redeemed, transfer, texture,
    purchased, expires_at, version, created_at, updated_at)
VALUES (:store_id, :id, :owner_uuid, :credit, TRUE, FALSE, :transfer, :texture,
    :purchased, :expires_at, 1, :now, :now)
RETURNING {card}

-- name: card_update
UPDATE gift_cards
SET credit = :credit, texture = :texture, transfer = :transfer, active = :active,
    version = version + 1, updated_at = :now
WHERE store_id = :store_id AND id = :id AND NOT redeemed
    AND (credit <> :credit OR texture IS DISTINCT FROM :texture
        OR transfer <> :transfer OR active <> :active)
RETURNING {card}

-- name: card_disable
UPDATE gift_cards SET active = FALSE, version = version + 1, updated_at = :now
WHERE store_id = :store_id AND id = :id AND NOT redeemed AND active
RETURNING {card}
