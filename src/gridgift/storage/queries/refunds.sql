-- fragment: payer_username
(SELECT r.username FROM residents r WHERE r.uuid = p.payer_uuid)

-- fragment: refund
p.unit_id, p.nonce, p.payer_uuid, {payer_username}, p.amount, p.refund, p.paid_at, p.created_at, p.refund_begun_at,
p.refunded_at, p.refunded_by_kind, p.refunded_by, p.refund_note

-- name: refund_by_id
SELECT {refund} FROM unit_purchases p
WHERE p.store_id = :store_id AND p.unit_id = :unit_id AND p.nonce = :nonce AND p.refund IS NOT NULL

-- listing: refunds_of_store
SELECT {refund} FROM unit_purchases p {index}
WHERE p.store_id = :store_id AND p.refund IS NOT NULL {filters} {seek}
ORDER BY {order} LIMIT :rows

-- listing: refunds_owed
SELECT {refund} FROM unit_purchases p {index}
WHERE p.store_id = :store_id AND p.refund IS NOT NULL AND p.refunded_at IS NULL {seek}
ORDER BY {order} LIMIT :rows

-- listing: refunds_of_unit
SELECT {refund} FROM unit_purchases p {index}
WHERE p.store_id = :store_id AND p.unit_id = :unit_id AND p.refund IS NOT NULL {filters} {seek}
ORDER BY {order} LIMIT :rows

-- filter: refund_state
(p.refunded_at IS NULL) = :owed

-- name: refunds_owed_sum
SELECT COUNT(*), CAST(COALESCE(SUM(amount), 0) AS bigint) FROM unit_purchases {index:refunds_owed}
WHERE store_id = :store_id AND refund IS NOT NULL AND refunded_at IS NULL

-- name: refund_begin
UPDATE unit_purchases SET refund_begun_at = :now
WHERE store_id = :store_id AND unit_id = :unit_id AND nonce = :nonce AND refund IS NOT NULL
    AND refunded_at IS NULL

-- name: refund_end
UPDATE unit_purchases SET refunded_at = :now, refunded_by_kind = :actor_kind, refunded_by = :actor_id,
    refund_note = :note
WHERE store_id = :store_id AND unit_id = :unit_id AND nonce = :nonce AND refund IS NOT NULL
    AND refunded_at IS NULL AND (refund_begun_at IS NULL OR refund_begun_at <= :begun_by)

-- name: refunds_noted
SELECT refund_note, store_id, unit_id, nonce FROM unit_purchases {index:refunds_noted}
WHERE store_id = :store_id AND refund_note <> ''

-- name: refund_note_change
UPDATE unit_purchases SET refund_note = :note
WHERE store_id = :store_id AND unit_id = :unit_id AND nonce = :nonce
