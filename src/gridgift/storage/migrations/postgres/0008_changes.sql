-- Tells every server which row it must not remember any longer: what it is, and its id, no more.
CREATE FUNCTION tell_of_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('gridgift_changes', TG_ARGV[0] || ' ' || OLD.id);
    RETURN NULL;
END;
$$;

-- Not of last_used_at, which is noted all the time.
CREATE TRIGGER api_keys_tell_of_update
AFTER UPDATE OF store_id, id, name, hash, scopes, expires_at, revoked_at ON api_keys
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION tell_of_change('key');

CREATE TRIGGER api_keys_tell_of_delete AFTER DELETE ON api_keys
FOR EACH ROW EXECUTE FUNCTION tell_of_change('key');

CREATE TRIGGER customer_tokens_tell_of_update AFTER UPDATE ON customer_tokens
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION tell_of_change('token');

-- Not of tokens that ended long ago, which are forgotten by the thousand.
CREATE TRIGGER customer_tokens_tell_of_delete AFTER DELETE ON customer_tokens
FOR EACH ROW WHEN (OLD.expires_at > extract(epoch FROM now()) * 1000)
EXECUTE FUNCTION tell_of_change('token');

CREATE TRIGGER stores_tell_of_update AFTER UPDATE ON stores
FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION tell_of_change('store');

CREATE TRIGGER stores_tell_of_delete AFTER DELETE ON stores
FOR EACH ROW EXECUTE FUNCTION tell_of_change('store');
