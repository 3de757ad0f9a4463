-- Rows whose key is NULL have no partition.
CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz);
INSERT INTO orders SELECT n, CASE WHEN n % 10 > 0 THEN timestamptz '2026-06-01' + n * interval '3 hours' END FROM generate_series(1, 500) n;
