-- A BEFORE trigger that replaces the row whole: it cannot be seen what it does to the key.
\i ../shop.sql

CREATE FUNCTION replaced() RETURNS trigger LANGUAGE plpgsql AS 'DECLARE r orders%ROWTYPE; BEGIN r := NEW; r.note := ''r''; RETURN r; END';
CREATE TRIGGER replaced BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION replaced();
