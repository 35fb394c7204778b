-- fragment: operator
o.id, o.name, o.password, o.created_at

-- fragment: member
o.id, o.name, m.role, o.password IS NOT NULL, f.operator_id IS NOT NULL, m.added_at

-- fragment: session
s.id, s.operator_id, s.chosen_store, s.created_at, s.seen_at, s.address, s.browser, s.by_link

-- name: operator_by_login (any store)
SELECT {operator} FROM operators o WHERE o.login = :login

-- name: operator_by_id (any store)
SELECT {operator} FROM operators o WHERE o.id = :operator_id

-- name: operator_add (any store)
INSERT INTO operators (id, login, name, created_at) VALUES (:id, :login, :name, :now)
ON CONFLICT (login) DO NOTHING

-- Locks the operator's row first, so that who signs in meanwhile is among those whose session ends.
-- name: operator_lock (any store)
UPDATE operators SET name = name WHERE id = :operator_id

-- name: operator_password (any store)
UPDATE operators SET password = :password WHERE id = :operator_id

-- name: member_put (any store)
INSERT INTO operator_stores (store, operator_id, role, added_at)
VALUES (:store, :operator_id, :role, :now)
ON CONFLICT (store, operator_id) DO UPDATE SET role = excluded.role

-- name: member_drop (any store)
DELETE FROM operator_stores WHERE store = :store AND operator_id = :operator_id

-- name: members_of_store (any store)
SELECT {member} FROM operator_stores m JOIN operators o ON o.id = m.operator_id
    LEFT JOIN operator_second_factors f ON f.operator_id = o.id
WHERE m.store = :store
ORDER BY o.login

-- name: member_everywhere (any store)
SELECT {member}, m.store FROM operator_stores m JOIN operators o ON o.id = m.operator_id
    LEFT JOIN operator_second_factors f ON f.operator_id = o.id
WHERE m.operator_id = :operator_id

-- name: stores_of_operator (any store)
SELECT m.store, s.name, s.time_zone, m.role
FROM operator_stores m JOIN stores s ON s.id = m.store
WHERE m.operator_id = :operator_id
ORDER BY s.name, s.id

-- name: link_put (any store)
INSERT INTO operator_links (operator_id, hash, expires_at) VALUES (:operator_id, :hash, :expires_at)
ON CONFLICT (operator_id) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at

-- name: link_holder (any store)
SELECT {operator} FROM operator_links l JOIN operators o ON o.id = l.operator_id
WHERE l.hash = :hash AND l.expires_at > :now

-- name: link_use (any store)
DELETE FROM operator_links WHERE hash = :hash AND expires_at > :now
RETURNING operator_id

-- name: link_drop (any store)
DELETE FROM operator_links WHERE operator_id = :operator_id

-- name: session_add (any store)
INSERT INTO operator_sessions (id, hash, operator_id, created_at, seen_at, address, browser, by_link)
VALUES (:id, :hash, :operator_id, :now, :now, :address, :browser, :by_link)

-- name: session_by_hash (any store)
SELECT {session} FROM operator_sessions s WHERE s.hash = :hash

-- name: sessions_of_operator (any store)
SELECT {session} FROM operator_sessions s WHERE s.operator_id = :operator_id
ORDER BY s.seen_at DESC, s.id

-- name: session_seen (any store)
UPDATE operator_sessions SET seen_at = :now WHERE id = :id AND seen_at < :now

-- name: session_choose (any store)
UPDATE operator_sessions SET chosen_store = :chosen_store WHERE id = :id

-- name: session_end (any store)
DELETE FROM operator_sessions WHERE id = :id AND operator_id = :operator_id

-- name: sessions_end (any store)
DELETE FROM operator_sessions WHERE operator_id = :operator_id AND id <> :kept

-- name: sessions_forget (any store)
DELETE FROM operator_sessions
WHERE operator_id = :operator_id AND (created_at <= :begun_by OR seen_at <= :idle_since)
