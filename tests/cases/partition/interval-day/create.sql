-- Partitions by day.
CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, note text);
INSERT INTO orders SELECT n, now() - n * interval '1 hour', 'n' FROM generate_series(1, 500) n;
