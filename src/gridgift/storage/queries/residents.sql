-- Residents belong to the grid, not to a store.

-- name: resident_by_uuid (any store)
SELECT uuid, username FROM residents WHERE uuid = :uuid

-- name: resident_by_username (any store)
SELECT r.uuid, r.username FROM resident_names n JOIN residents r ON r.uuid = n.resident_uuid
WHERE n.username = :username

-- name: resident_keep (any store)
INSERT INTO residents (uuid, username, updated_at) VALUES {row:(:uuid, :username, :now)}
ON CONFLICT (uuid) DO UPDATE SET username = excluded.username, updated_at = excluded.updated_at
WHERE residents.username <> excluded.username

-- name: resident_name_keep (any store)
INSERT INTO resident_names (username, resident_uuid, seen_at) VALUES (:username, :uuid, :now)
ON CONFLICT (username) DO UPDATE SET seen_at = excluded.seen_at
WHERE resident_names.resident_uuid = excluded.resident_uuid
RETURNING resident_uuid

-- name: resident_name_move (any store)
UPDATE resident_names SET resident_uuid = :uuid, seen_at = :now
WHERE username = :username AND resident_uuid = :holder_uuid

-- Whoever has lost the shown name shows the newest of the others, or the UUID if there is none.
-- name: resident_rename (any store)
UPDATE residents SET username = COALESCE((
    SELECT n.username FROM resident_names n WHERE n.resident_uuid = residents.uuid
    ORDER BY n.seen_at DESC, n.username LIMIT 1
), CAST(uuid AS TEXT)), updated_at = :now
WHERE uuid = :holder_uuid AND username = :username

-- name: residents_by_uuid (any store)
SELECT {json_rows:uuid, username} FROM residents WHERE uuid {any:uuids}

-- name: residents_by_username (any store)
SELECT n.username, r.uuid, r.username
FROM resident_names n JOIN residents r ON r.uuid = n.resident_uuid
WHERE n.username {any:usernames}

-- name: resident_name_add (any store)
INSERT INTO resident_names (username, resident_uuid, seen_at) VALUES {row:(:username, :uuid, :now)}
ON CONFLICT (username) DO NOTHING
