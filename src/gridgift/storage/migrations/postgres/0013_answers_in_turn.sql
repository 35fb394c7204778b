-- Waits until no other transaction is at work under any of these keys, then looks. A plain statement
-- would look through the snapshot that it took before it waited. The keys come in one order, so that
-- nobody waits in a circle; each stays taken until the transaction's end.
CREATE FUNCTION answers_in_turn(store uuid, keys text[]) RETURNS SETOF idempotency_keys
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY $2 LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended($1 || ' ' || wanted, 0));
    END LOOP;
    RETURN QUERY SELECT * FROM idempotency_keys WHERE store_id = $1 AND key = ANY($2);
END;
$$;
