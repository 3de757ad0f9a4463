-- A BEFORE trigger that leaves the key alone goes on, with its enabled state.
\i ../shop.sql

CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE ON orders FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION touch();
CREATE TRIGGER off BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE orders DISABLE TRIGGER off; ALTER TABLE orders ENABLE ALWAYS TRIGGER touch;
