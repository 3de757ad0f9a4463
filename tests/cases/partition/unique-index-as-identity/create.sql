-- No primary key, but a unique index on a column that is never NULL.
CREATE TABLE orders (id bigint NOT NULL, created_at timestamptz NOT NULL, note text);
INSERT INTO orders SELECT n, timestamptz '2026-06-01' + n * interval '2 hours', 'n' FROM generate_series(1, 500) n;
CREATE UNIQUE INDEX orders_id ON orders (id);
