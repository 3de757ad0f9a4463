-- The table is of another access method than heap: copied by key, and so are its partitions.
CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, note text) USING other;
INSERT INTO orders SELECT n, timestamptz '2026-06-01' + n * interval '2 hours', 'n' || n FROM generate_series(1, 1500) n;
