-- The key's column is nullable but has no NULL: it becomes NOT NULL with consent.
CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz, note text);
INSERT INTO orders SELECT n, timestamptz '2026-06-01' + n * interval '3 hours' FROM generate_series(1, 500) n;
