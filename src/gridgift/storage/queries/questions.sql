-- Whether the store has an object that can be asked.
-- name: directory_of_store
SELECT id FROM units
WHERE store_id = :store_id AND kind = 'directory' AND object_uuid IS NOT NULL AND NOT paused LIMIT 1

-- name: questions_among
SELECT wanted, missed FROM questions
WHERE store_id = :store_id AND wanted {any:names} AND until_at > :now

-- name: question_add
INSERT INTO questions (store_id, wanted, id, until_at) VALUES (:store_id, :wanted, :id, :until_at)
ON CONFLICT DO NOTHING

-- name: questions_old
SELECT wanted FROM questions WHERE store_id = :store_id AND until_at <= :now ORDER BY until_at LIMIT :rows

-- name: questions_by_id
SELECT id, wanted FROM questions WHERE store_id = :store_id AND id {any:ids}

-- Those that were never asked first, and then those whose answers were lost.
-- name: questions_open
SELECT id, wanted FROM questions
WHERE store_id = :store_id AND NOT missed AND handed_at <= :handed_before
ORDER BY handed_at, wanted LIMIT :rows {claim}

-- name: question_hand
UPDATE questions SET handed_at = :now WHERE store_id = :store_id AND wanted = :wanted

-- name: question_miss
UPDATE questions SET missed = TRUE, until_at = :until_at WHERE store_id = :store_id AND wanted = :wanted

-- name: question_end
DELETE FROM questions WHERE store_id = :store_id AND wanted = :wanted

-- name: questions_named
DELETE FROM questions WHERE store_id = :store_id AND wanted {any:usernames}
