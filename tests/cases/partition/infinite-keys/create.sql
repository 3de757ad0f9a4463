-- Infinite keys fit no month: the default partition keeps them.
CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL);
INSERT INTO orders SELECT n, CASE WHEN n = 77 THEN 'infinity' ELSE timestamptz '2026-06-01' + n * interval '3 hours' END FROM generate_series(1, 500) n;
