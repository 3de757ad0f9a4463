-- Without a key no row can be told from another.
CREATE TABLE orders (id bigint, created_at timestamptz NOT NULL);
INSERT INTO orders SELECT n, timestamptz '2026-06-01' + n * interval '2 hours' FROM generate_series(1, 500) n;
