-- fragment: webhook
store_id, id, url, types, format, secret_version, previous_until, active, disabled_reason,
failing_since, created_at, updated_at

-- name: webhook_add
INSERT INTO webhooks (store_id, id, url, types, format, secret_version, active,
    created_at, updated_at, position, account_kind, account_id, seq)
VALUES (:store_id, :id, :url, :types, :format, 1, TRUE,
    :now, :now, :position, :account_kind, :account_id, :seq)

-- name: webhook_by_id
SELECT {webhook} FROM webhooks WHERE store_id = :store_id AND id = :id AND deleted_at IS NULL

-- name: webhook_lock
SELECT {webhook} FROM webhooks
WHERE store_id = :store_id AND id = :id AND deleted_at IS NULL {lock}

-- name: webhooks_first
SELECT id FROM webhooks WHERE store_id = :store_id AND deleted_at IS NULL
ORDER BY id LIMIT :rows

-- name: webhooks_count (any store)
SELECT COUNT(*) FROM webhooks WHERE deleted_at IS NULL

-- listing: webhooks_of_store
SELECT {webhook} FROM webhooks
WHERE store_id = :store_id AND deleted_at IS NULL {seek}
ORDER BY {order} LIMIT :rows

-- name: webhook_update
UPDATE webhooks SET url = :url, types = :types, format = :format, active = :active,
    disabled_reason = :disabled_reason, failing_since = :failing_since,
    secret_version = :secret_version, previous_until = :previous_until, updated_at = :now
WHERE store_id = :store_id AND id = :id

-- name: webhook_delete
UPDATE webhooks SET active = FALSE, disabled_reason = 'deleted', deleted_at = :now
WHERE store_id = :store_id AND id = :id AND deleted_at IS NULL

-- fragment: delivery
store_id, webhook_id, id, position, account_kind, account_id, seq, event_id, event_type, state,
attempts, next_attempt_at, created_at, finished_at

-- listing: deliveries_of_webhook
SELECT {delivery} FROM webhook_deliveries
WHERE store_id = :store_id AND webhook_id = :webhook_id {seek}
ORDER BY {order} LIMIT :rows

-- listing: deliveries_in_state
SELECT {delivery} FROM webhook_deliveries {index}
WHERE store_id = :store_id AND webhook_id = :webhook_id AND state = :state {seek}
ORDER BY {order} LIMIT :rows

-- name: delivery_by_id
SELECT {delivery} FROM webhook_deliveries
WHERE store_id = :store_id AND webhook_id = :webhook_id AND id = :id

-- name: deliveries_again
UPDATE webhook_deliveries SET state = 'pending', step = 0, next_attempt_at = :next_attempt_at,
    claimed_until = NULL, finished_at = NULL
WHERE store_id = :store_id AND webhook_id = :webhook_id AND id {any:ids} AND state <> 'pending'

-- Those whose ids, which begin with their events' time, are from one to another.
-- name: deliveries_ended
SELECT {delivery} FROM webhook_deliveries {index:webhook_deliveries_by_state}
WHERE store_id = :store_id AND webhook_id = :webhook_id AND state = :state
    AND id >= :first_id AND id < :last_id
ORDER BY id LIMIT :rows

-- name: attempts_of_delivery
SELECT number, at, status, milliseconds, response, error FROM webhook_attempts
WHERE store_id = :store_id AND webhook_id = :webhook_id AND delivery_id = :delivery_id
ORDER BY number
