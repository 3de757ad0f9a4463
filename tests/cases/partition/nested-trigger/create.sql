-- An AFTER trigger updates the row, and its neighbours, again.
\i ../shop.sql

CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN IF pg_trigger_depth() < 2 THEN UPDATE orders SET updated_at = clock_timestamp(), note = ''nested'' WHERE id IN (NEW.id, NEW.id + 1); END IF; RETURN NULL; END';
CREATE TRIGGER again AFTER INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION again();
