-- name: announcement_add
INSERT INTO announcements (store_id, card_id, resident_uuid, created_at)
VALUES {row:(:store_id, :card_id, :resident_uuid, :now)}

-- name: announcements_of
SELECT card_id FROM announcements WHERE store_id = :store_id AND card_id {any:ids} {lock}

-- name: announcements_old
SELECT card_id FROM announcements
WHERE store_id = :store_id AND created_at < :made_before
ORDER BY created_at LIMIT :rows {claim}

-- The next one for a terminal: of those that were never taken the oldest.
-- name: announcement_next
SELECT a.card_id, a.resident_uuid, (SELECT u.language FROM customers u
        WHERE u.store_id = :store_id AND u.resident_uuid = a.resident_uuid),
    c.credit, c.owner_uuid, c.redeemed
FROM announcements a JOIN gift_cards c ON c.store_id = a.store_id AND c.id = a.card_id
WHERE a.store_id = :store_id AND a.taken_at <= :taken_before
ORDER BY a.taken_at, a.card_id LIMIT 1

-- name: announcement_take
UPDATE announcements SET taken_at = :now
WHERE store_id = :store_id AND card_id = :card_id AND taken_at <= :taken_before

-- name: announcement_end
DELETE FROM announcements WHERE store_id = :store_id AND card_id = :card_id

-- name: customer_speaks
UPDATE customers SET language = :language
WHERE store_id = :store_id AND resident_uuid = :resident_uuid AND language <> :language
