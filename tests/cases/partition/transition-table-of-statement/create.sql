-- A statement trigger with a transition table goes on.
\i ../shop.sql

CREATE TABLE changes (n bigint);
CREATE FUNCTION note_changes() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO changes SELECT count(*) FROM changed; RETURN NULL; END';
CREATE TRIGGER changes AFTER UPDATE ON orders REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_changes();
