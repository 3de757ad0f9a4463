-- A row trigger with a transition table is not possible on a partitioned table.
\i ../shop.sql

CREATE FUNCTION row_changes() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM count(*) FROM changed; RETURN NULL; END';
CREATE TRIGGER changes AFTER UPDATE ON orders REFERENCING NEW TABLE AS changed FOR EACH ROW EXECUTE FUNCTION row_changes();
