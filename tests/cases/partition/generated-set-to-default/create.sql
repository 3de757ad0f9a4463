-- An update that sets only a generated column, and a trigger that changes others then.
CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, price int, twice int GENERATED ALWAYS AS (price * 2) STORED, changed int DEFAULT 0);
INSERT INTO orders (id, created_at, price) SELECT n, timestamptz '2026-06-01' + n * interval '3 hours', n FROM generate_series(1, 800) n;
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.changed := NEW.changed + 1; RETURN NEW; END';
CREATE TRIGGER note_change BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION note_change();
