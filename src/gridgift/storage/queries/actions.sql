-- fragment: action
store_id, id, at, operator, deed, subject_id, about, address, browser

-- name: action_add
INSERT INTO operator_actions (store_id, id, at, operator, deed, subject_id, about, address, browser)
VALUES (:store_id, :id, :now, :operator, :deed, :subject_id, :about, :address, :browser)

-- listing: actions_of_store
SELECT {action} FROM operator_actions
WHERE store_id = :store_id {seek}
ORDER BY {order} LIMIT :rows

-- name: actions_old (any store)
SELECT store_id, id FROM operator_actions WHERE at < :before
ORDER BY at LIMIT :rows {claim}

-- name: action_forget
DELETE FROM operator_actions WHERE store_id = :store_id AND id = :id
