-- Cards that somebody of a store sends, and those that are still to be sent.

-- fragment: sending
store_id, id, digest, file, text, terms, row_count, actor_id, created_at, sent_at, done_at

-- name: sending_add
INSERT INTO sendings ({sending})
VALUES (:store_id, :id, :digest, :file, :text, :terms, :row_count, :actor_id, :created_at, NULL, NULL)

-- name: sending_find
SELECT {sending} FROM sendings WHERE store_id = :store_id AND id = :id

-- Without their texts, which may be long.
-- name: sendings_newest
SELECT store_id, id, digest, file, '', terms, row_count, actor_id, created_at, sent_at, done_at
FROM sendings WHERE store_id = :store_id ORDER BY id DESC LIMIT :rows

-- Another one with the same file that is still at work.
-- name: sending_rival
SELECT id FROM sendings
WHERE store_id = :store_id AND digest = :digest AND id <> :id
    AND sent_at IS NOT NULL AND done_at IS NULL
LIMIT 1

-- name: sending_send
UPDATE sendings SET sent_at = :now WHERE store_id = :store_id AND id = :id AND sent_at IS NULL

-- name: sending_done
UPDATE sendings SET done_at = :now WHERE store_id = :store_id AND id = :id AND done_at IS NULL

-- name: sendings_unfinished (any store)
SELECT store_id, id FROM sendings WHERE sent_at IS NOT NULL AND done_at IS NULL
ORDER BY sent_at LIMIT :rows

-- name: sendings_old (any store)
SELECT store_id, id, digest FROM sendings
WHERE created_at <= :until_at AND (sent_at IS NULL OR done_at IS NOT NULL)
ORDER BY created_at LIMIT :rows {claim}

-- name: sendings_quiet
SELECT id FROM sendings
WHERE store_id = :store_id AND id > :after AND (sent_at IS NULL OR done_at IS NOT NULL)
ORDER BY id LIMIT :rows

-- name: sending_forget
DELETE FROM sendings WHERE store_id = :store_id AND id = :id
