-- Residents belong to the grid, not to a store. A name that only stores' keys noted leads to its
-- resident at those stores (decision 35).

-- fragment: leads_here
(n.noted_by IS NULL OR EXISTS (SELECT 1 FROM store_names s
    WHERE s.store_id = :store_id AND s.username = n.username))

-- name: resident_by_uuid (any store)
SELECT uuid, username FROM residents WHERE uuid = :uuid

-- name: resident_by_username
SELECT r.uuid, r.username FROM resident_names n JOIN residents r ON r.uuid = n.resident_uuid
WHERE n.username = :username AND {leads_here}

-- name: resident_name_holder (any store)
SELECT resident_uuid, noted_by FROM resident_names WHERE username = :username

-- name: resident_keep (any store)
INSERT INTO residents (uuid, username, updated_at) VALUES {row:(:uuid, :username, :now)}
ON CONFLICT (uuid) DO UPDATE SET username = excluded.username, updated_at = excluded.updated_at
WHERE residents.username <> excluded.username

-- name: resident_add (any store)
INSERT INTO residents (uuid, username, updated_at) VALUES {row:(:uuid, :username, :now)}
ON CONFLICT (uuid) DO NOTHING

-- name: resident_call (any store)
UPDATE residents SET username = :username, updated_at = :now
WHERE uuid = :uuid AND username = :username_before

-- name: resident_name_keep (any store)
INSERT INTO resident_names (username, resident_uuid, seen_at) VALUES (:username, :uuid, :now)
ON CONFLICT (username) DO UPDATE SET seen_at = excluded.seen_at, noted_by = NULL
WHERE resident_names.resident_uuid = excluded.resident_uuid
RETURNING resident_uuid

-- name: resident_name_move (any store)
UPDATE resident_names SET resident_uuid = :uuid, seen_at = :now, noted_by = NULL
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

-- name: residents_by_username
SELECT n.username, r.uuid, r.username
FROM resident_names n JOIN residents r ON r.uuid = n.resident_uuid
WHERE n.username {any:usernames} AND {leads_here}

-- name: resident_name_add (any store)
INSERT INTO resident_names (username, resident_uuid, seen_at) VALUES {row:(:username, :uuid, :now)}
ON CONFLICT (username) DO UPDATE SET noted_by = NULL
WHERE resident_names.resident_uuid = excluded.resident_uuid

-- name: resident_names_known (any store)
SELECT username, resident_uuid, noted_by FROM resident_names WHERE username {any:usernames}

-- name: resident_name_note (any store)
INSERT INTO resident_names (username, resident_uuid, seen_at, noted_by)
VALUES {row:(:username, :uuid, :now, :noted_by)}
ON CONFLICT (username) DO NOTHING

-- name: store_name_add
INSERT INTO store_names (store_id, username, noted_at) VALUES {row:(:store_id, :username, :now)}
ON CONFLICT (store_id, username) DO NOTHING

-- name: stores_two (any store)
SELECT id FROM stores LIMIT 2

-- name: names_of_resident (any store)
SELECT username, seen_at, noted_by FROM resident_names WHERE resident_uuid = :uuid
ORDER BY seen_at DESC, username

-- Whether the store knows whose name it is: by its keys' notes, or as its customer.
-- fragment: known_here
(SELECT TRUE FROM store_names s
    WHERE s.store_id = :store_id AND s.username = resident_names.username),
(SELECT TRUE FROM customers c
    WHERE c.store_id = :store_id AND c.resident_uuid = resident_names.resident_uuid)

-- Names that begin with a prefix, whoever has them, each with the one that is shown. SQLite takes
-- one bound on each side into its walk, so where there is a seek the prefix's must be no wider.
-- listing: residents_by_name
SELECT username, resident_uuid,
    (SELECT r.username FROM residents r WHERE r.uuid = resident_uuid) AS shown, {known_here}
FROM resident_names
WHERE username >= :prefix AND username < :prefix_end {seek}
ORDER BY {order} LIMIT :rows

-- The operator sees whoever has, or had, such a name.
-- name: residents_anywhere (any store)
SELECT n.username, r.uuid, r.username FROM resident_names n
JOIN residents r ON r.uuid = n.resident_uuid
WHERE n.username >= :prefix AND n.username < :prefix_end
ORDER BY n.username LIMIT :rows

-- name: residents_all (any store)
SELECT uuid, username FROM residents WHERE uuid > :after ORDER BY uuid LIMIT :rows

-- Nobody else names the resident, or makes them a customer, until the transaction's end.
-- name: resident_claim (any store)
SELECT uuid FROM residents WHERE uuid = :uuid {claim}

-- name: store_names_forget
DELETE FROM store_names WHERE store_id = :store_id AND username {any:usernames}

-- name: resident_names_forget (any store)
DELETE FROM resident_names WHERE resident_uuid = :uuid
