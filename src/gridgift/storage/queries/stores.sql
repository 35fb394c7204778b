-- fragment: store
s.id, s.name, s.logo, s.blog_listed, s.application_open, s.base_bonus, s.group_bonus,
s.location_slurl, s.owner_uuid, r.username, s.created_at,
s.card_lifetime, s.customer_origin, s.time_zone, s.announce, s.contact

-- name: store_by_id
SELECT {store} FROM stores s JOIN residents r ON r.uuid = s.owner_uuid
WHERE s.id = :store_id

-- name: stores_all (any store)
SELECT {store} FROM stores s JOIN residents r ON r.uuid = s.owner_uuid
ORDER BY s.id

-- name: store_add
INSERT INTO stores (id, name, logo, blog_listed, application_open, base_bonus, group_bonus,
    location_slurl, owner_uuid, created_at, time_zone)
VALUES (:store_id, :name, :logo, :blog_listed, :application_open, :base_bonus, :group_bonus,
    :location_slurl, :owner_uuid, :created_at, :time_zone)

-- name: customer_add
INSERT INTO customers (store_id, resident_uuid, created_at)
VALUES {row:(:store_id, :resident_uuid, :now)}
ON CONFLICT (store_id, resident_uuid) DO NOTHING

-- name: store_update
UPDATE stores SET name = :name, logo = :logo, location_slurl = :location_slurl,
    base_bonus = :base_bonus, group_bonus = :group_bonus, card_lifetime = :card_lifetime,
    customer_origin = :customer_origin, time_zone = :time_zone, announce = :announce,
    contact = :contact
WHERE id = :store_id

-- name: store_of_origin (any store)
SELECT id FROM stores WHERE customer_origin = :origin LIMIT 1

-- A card's id begins with its time, so the newest is the last.
-- name: newest_cards (any store)
SELECT (SELECT c.created_at FROM gift_cards c WHERE c.store_id = s.id ORDER BY c.id DESC LIMIT 1)
FROM stores s
