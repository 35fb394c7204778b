-- What operators call their searches of a store's cards.

-- fragment: saved_view
id, name, query

-- name: saved_views_of
SELECT {saved_view} FROM saved_views
WHERE store_id = :store_id AND operator_id = :operator_id
ORDER BY id

-- name: saved_views_all
SELECT operator_id, {saved_view} FROM saved_views WHERE store_id = :store_id

-- name: saved_view_add
INSERT INTO saved_views (store_id, operator_id, {saved_view})
VALUES (:store_id, :operator_id, :id, :name, :query)

-- name: saved_view_rename
UPDATE saved_views SET name = :name
WHERE store_id = :store_id AND operator_id = :operator_id AND id = :id

-- name: saved_view_drop
DELETE FROM saved_views WHERE store_id = :store_id AND operator_id = :operator_id AND id = :id

-- name: saved_views_drop
DELETE FROM saved_views WHERE store_id = :store_id AND operator_id = :operator_id
