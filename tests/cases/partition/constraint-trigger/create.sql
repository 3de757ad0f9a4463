-- A deferred constraint trigger.
\i ../shop.sql

CREATE FUNCTION must_have_note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.note = ''bad'' THEN RAISE ''bad note''; END IF; RETURN NULL; END';
CREATE CONSTRAINT TRIGGER noted AFTER INSERT OR UPDATE ON orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION must_have_note();
