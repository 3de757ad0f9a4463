-- Options of the primary key's index, and the statistics target of an expression, stay.
CREATE TABLE orders (id bigint, created_at timestamptz NOT NULL, note text, PRIMARY KEY (id) WITH (fillfactor = 60));
INSERT INTO orders SELECT n, timestamptz '2026-06-01' + n * interval '3 hours', 'n' || n FROM generate_series(1, 800) n;
CREATE INDEX orders_lower ON orders (lower(note)) WITH (fillfactor = 70);
ALTER INDEX orders_lower ALTER COLUMN 1 SET STATISTICS 500;
