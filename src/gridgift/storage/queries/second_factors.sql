-- fragment: second_factor
f.operator_id, f.seed, f.since, f.last_step, f.wrong, f.wrong_at

-- name: second_factor_of (any store)
SELECT {second_factor} FROM operator_second_factors f WHERE f.operator_id = :operator_id

-- name: second_factor_add (any store)
INSERT INTO operator_second_factors (operator_id, seed, since, last_step, wrong, wrong_at)
VALUES (:operator_id, :seed, :now, :last_step, 0, 0)

-- name: second_factor_right (any store)
UPDATE operator_second_factors SET last_step = :last_step, wrong = 0
WHERE operator_id = :operator_id

-- name: second_factor_wrong (any store)
UPDATE operator_second_factors SET wrong = wrong + 1, wrong_at = :now
WHERE operator_id = :operator_id

-- name: second_factor_drop (any store)
DELETE FROM operator_second_factors WHERE operator_id = :operator_id

-- name: second_factors_count (any store)
SELECT COUNT(*) FROM operator_second_factors

-- name: recovery_code_add (any store)
INSERT INTO operator_recovery_codes (operator_id, hash) VALUES (:operator_id, :hash)

-- name: recovery_code_use (any store)
DELETE FROM operator_recovery_codes WHERE operator_id = :operator_id AND hash = :hash

-- name: recovery_codes_drop (any store)
DELETE FROM operator_recovery_codes WHERE operator_id = :operator_id

-- name: recovery_codes_left (any store)
SELECT COUNT(*) FROM operator_recovery_codes WHERE operator_id = :operator_id

-- name: sign_in_add (any store)
INSERT INTO operator_sign_ins (hash, operator_id, by_link, expires_at)
VALUES (:hash, :operator_id, :by_link, :expires_at)

-- name: sign_in_holder (any store)
SELECT {operator} FROM operator_sign_ins i JOIN operators o ON o.id = i.operator_id
WHERE i.hash = :hash AND i.expires_at > :now

-- name: sign_in_use (any store)
DELETE FROM operator_sign_ins WHERE hash = :hash AND expires_at > :now
RETURNING by_link

-- name: sign_ins_drop (any store)
DELETE FROM operator_sign_ins WHERE operator_id = :operator_id

-- name: sign_ins_forget (any store)
DELETE FROM operator_sign_ins WHERE operator_id = :operator_id AND expires_at <= :now
