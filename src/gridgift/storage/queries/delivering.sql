-- A delivery of an account waits, without a next attempt, while an earlier one of the same account is
-- pending. Who begins or ends deliveries has the webhook's row, so that none waits for nothing.

-- Active webhooks for which there is something to do: a delivery is due, or there are new events.
-- name: webhooks_at_work (any store)
SELECT store_id, id, format, due, behind FROM (
    SELECT w.store_id, w.id, w.format, EXISTS (
        SELECT 1 FROM webhook_deliveries d WHERE d.store_id = w.store_id AND d.webhook_id = w.id
            AND d.state = 'pending' AND d.next_attempt_at <= :now
            AND (d.claimed_until IS NULL OR d.claimed_until <= :now)
    ) AS due, EXISTS (
        SELECT 1 FROM events e WHERE e.store_id = w.store_id
            AND (e.position, e.account_kind, e.account_id, e.seq)
                > (w.position, w.account_kind, w.account_id, w.seq) {settled}
    ) AS behind
    FROM webhooks w WHERE w.active
) looked_at WHERE due OR behind

-- name: webhooks_any (any store)
SELECT 1 FROM webhooks WHERE active LIMIT 1

-- name: webhook_claim
SELECT store_id, id, types, position, account_kind, account_id, seq FROM webhooks
WHERE store_id = :store_id AND id = :id AND active {claim}

-- name: webhook_advance
UPDATE webhooks SET position = :position, account_kind = :account_kind,
    account_id = :account_id, seq = :seq
WHERE store_id = :store_id AND id = :id

-- Which of some accounts have a pending delivery.
-- name: accounts_pending
SELECT DISTINCT webhook_id, account_kind, account_id FROM webhook_deliveries
{index:webhook_deliveries_in_order}
WHERE store_id = :store_id AND webhook_id = :webhook_id AND account_kind = :account_kind
    AND account_id {any:ids} AND state = 'pending'

-- name: delivery_add
INSERT INTO webhook_deliveries (store_id, webhook_id, id, position, account_kind, account_id, seq,
    event_id, event_type, state, attempts, step, next_attempt_at, created_at)
VALUES {row:(:store_id, :webhook_id, :id, :position, :account_kind, :account_id, :seq,
    :event_id, :event_type, 'pending', 0, 0, :next_attempt_at, :created_at)}

-- Those of which an earlier one of the same account is pending wait too, whatever next attempt they
-- had before it was asked for again.
-- name: deliveries_due
SELECT store_id, webhook_id, id, position, account_kind, account_id, seq, step
FROM webhook_deliveries d {index:webhook_deliveries_due}
WHERE store_id = :store_id AND webhook_id = :webhook_id AND state = 'pending'
    AND next_attempt_at <= :now AND (claimed_until IS NULL OR claimed_until <= :now)
    AND NOT EXISTS (
        SELECT 1 FROM webhook_deliveries b {index:webhook_deliveries_in_order}
        WHERE b.store_id = :store_id AND b.webhook_id = :webhook_id
            AND b.account_kind = d.account_kind AND b.account_id = d.account_id
            AND b.state = 'pending' AND (b.position, b.seq) < (d.position, d.seq)
    )
ORDER BY next_attempt_at, id LIMIT :rows {claim}

-- name: delivery_claim
UPDATE webhook_deliveries SET claimed_until = :claimed_until
WHERE store_id = :store_id AND webhook_id = :webhook_id AND id = :id

-- Frees what was claimed until an instant and was not tried.
-- name: delivery_release
UPDATE webhook_deliveries SET claimed_until = NULL
WHERE store_id = :store_id AND webhook_id = :webhook_id AND id = :id
    AND claimed_until = :claimed_until

-- Deliveries whose claim ends, or whose next attempt comes, later than it can; and by when that has to
-- come. One that comes later than the schedule has it waits because its receiver asked for it: it is
-- left alone, unless the attempt before seems to lie so far ahead that what was asked for is over by then.
-- name: deliveries_ahead (any store)
SELECT CASE WHEN is_scheduled THEN CAST(:due_by AS BIGINT) ELSE CAST(:asked_by AS BIGINT) END,
    store_id, webhook_id, id
FROM (
    SELECT d.store_id, d.webhook_id, d.id, d.next_attempt_at, d.claimed_until, a.at AS tried_at,
        (d.step = 0 OR d.next_attempt_at - a.at BETWEEN 0 AND :wait) AS is_scheduled
    FROM webhooks w
    JOIN webhook_deliveries d ON d.store_id = w.store_id AND d.webhook_id = w.id
    LEFT JOIN webhook_attempts a ON a.store_id = d.store_id AND a.webhook_id = d.webhook_id
        AND a.delivery_id = d.id AND a.number = d.attempts
    WHERE w.active AND d.state = 'pending' AND d.step = :step
) pending
WHERE claimed_until > :claimed_by OR (is_scheduled AND next_attempt_at > :due_by)
    OR (NOT is_scheduled AND next_attempt_at > :asked_by AND tried_at > :asked_by)
LIMIT :rows

-- name: delivery_hurry
UPDATE webhook_deliveries SET claimed_until = NULL,
    next_attempt_at = CASE WHEN next_attempt_at > :due_by THEN :due_by ELSE next_attempt_at END
WHERE store_id = :store_id AND webhook_id = :webhook_id AND id = :id AND state = 'pending'

-- What an attempt has changed; nothing, if the delivery has ended meanwhile. It waits, if an earlier one
-- of the account was asked for again.
-- name: delivery_tried
UPDATE webhook_deliveries SET state = :state, attempts = attempts + 1, step = :step,
    next_attempt_at = CASE WHEN EXISTS (
        SELECT 1 FROM webhook_deliveries b {index:webhook_deliveries_in_order}
        WHERE b.store_id = :store_id AND b.webhook_id = :webhook_id
            AND b.account_kind = webhook_deliveries.account_kind
            AND b.account_id = webhook_deliveries.account_id AND b.state = 'pending'
            AND (b.position, b.seq) < (webhook_deliveries.position, webhook_deliveries.seq)
    ) THEN NULL ELSE CAST(:next_attempt_at AS BIGINT) END,
    claimed_until = NULL, finished_at = :finished_at
WHERE store_id = :store_id AND webhook_id = :webhook_id AND id = :id AND state = 'pending'
RETURNING id, attempts

-- Its event is no longer there.
-- name: delivery_drop
UPDATE webhook_deliveries SET state = 'dropped', next_attempt_at = NULL, claimed_until = NULL,
    finished_at = :now
WHERE store_id = :store_id AND webhook_id = :webhook_id AND id = :id AND state = 'pending'

-- Lets an account's earliest pending delivery begin.
-- name: delivery_begin
UPDATE webhook_deliveries SET next_attempt_at = :now
WHERE store_id = :store_id AND webhook_id = :webhook_id AND next_attempt_at IS NULL AND id = (
    SELECT id FROM webhook_deliveries {index:webhook_deliveries_in_order}
    WHERE store_id = :store_id AND webhook_id = :webhook_id AND account_kind = :account_kind
        AND account_id = :account_id AND state = 'pending'
    ORDER BY position, seq LIMIT 1
)

-- Lets an account's earliest pending delivery wait for one that comes before it.
-- name: delivery_wait
UPDATE webhook_deliveries SET next_attempt_at = NULL
WHERE store_id = :store_id AND webhook_id = :webhook_id AND (position, seq) > (:position, :seq)
    AND id = (
        SELECT id FROM webhook_deliveries {index:webhook_deliveries_in_order}
        WHERE store_id = :store_id AND webhook_id = :webhook_id AND account_kind = :account_kind
            AND account_id = :account_id AND state = 'pending'
        ORDER BY position, seq LIMIT 1
    )

-- name: attempt_add
INSERT INTO webhook_attempts (store_id, webhook_id, delivery_id, number, at, status, milliseconds,
    response, error)
VALUES {row:(:store_id, :webhook_id, :delivery_id, :number, :at, :status, :milliseconds,
    :response, :error)}

-- name: webhook_failing
UPDATE webhooks SET failing_since = :failing_since WHERE store_id = :store_id AND id = :id

-- Those of which their operator should know: switched off by what receivers answered, or failing.
-- name: webhooks_in_trouble (any store)
SELECT id, active FROM webhooks
WHERE deleted_at IS NULL AND ((NOT active AND disabled_reason <> 'switched_off')
    OR failing_since < :failing_before)
ORDER BY id

-- When the delivery was due that has been due for the longest.
-- name: deliveries_overdue (any store)
SELECT MIN(due) FROM (
    SELECT (SELECT MIN(d.next_attempt_at) FROM webhook_deliveries d
        WHERE d.store_id = w.store_id AND d.webhook_id = w.id AND d.state = 'pending') AS due
    FROM webhooks w WHERE w.active
) each

-- name: deliveries_old (any store)
SELECT store_id, webhook_id, id FROM webhook_deliveries
WHERE finished_at IS NOT NULL AND finished_at < :before ORDER BY finished_at, id LIMIT :rows {claim}

-- What is left of webhooks that were deleted long ago.
-- name: deliveries_of_deleted (any store)
SELECT d.store_id, d.webhook_id, d.id FROM webhooks w JOIN webhook_deliveries d
    ON d.store_id = w.store_id AND d.webhook_id = w.id
WHERE w.deleted_at < :before LIMIT :rows

-- name: webhooks_forget (any store)
DELETE FROM webhooks WHERE deleted_at < :before AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d
    WHERE d.store_id = webhooks.store_id AND d.webhook_id = webhooks.id)

-- name: attempts_forget
DELETE FROM webhook_attempts
WHERE store_id = :store_id AND webhook_id = :webhook_id AND delivery_id = :delivery_id

-- name: delivery_forget
DELETE FROM webhook_deliveries WHERE store_id = :store_id AND webhook_id = :webhook_id AND id = :id

-- name: responses_in_order
SELECT webhook_id, delivery_id, number, response FROM webhook_attempts
WHERE store_id = :store_id AND (webhook_id, delivery_id, number) > (:webhook_id, :delivery_id, :number)
ORDER BY webhook_id, delivery_id, number LIMIT :rows

-- name: response_redact
UPDATE webhook_attempts SET response = :response
WHERE store_id = :store_id AND webhook_id = :webhook_id AND delivery_id = :delivery_id
    AND number = :number
