-- A username that was taken from a resident by mistake was shown by both. Only the one to whom it
-- leads shows it: the other shows the newest of the other names, or the UUID if there is none.
UPDATE residents SET username = COALESCE((
    SELECT n.username FROM resident_names n WHERE n.resident_uuid = residents.uuid
    ORDER BY n.seen_at DESC, n.username LIMIT 1
), CAST(uuid AS TEXT))
WHERE NOT EXISTS (
    SELECT 1 FROM resident_names n
    WHERE n.username = residents.username AND n.resident_uuid = residents.uuid
);
