-- The identity is numeric: 1.0 and 1.00 are one key and two images.
CREATE TABLE orders (id numeric PRIMARY KEY, created_at timestamptz NOT NULL, note text);
INSERT INTO orders SELECT n, timestamptz '2026-06-01' + n * interval '2 hours', 'n' || n FROM generate_series(1, 800) n;
