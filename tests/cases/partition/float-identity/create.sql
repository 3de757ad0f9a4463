-- The identity is a float: 0 and -0 are one key.
CREATE TABLE orders (id float8 PRIMARY KEY, created_at timestamptz NOT NULL, note text);
INSERT INTO orders SELECT n - 1, timestamptz '2026-06-01' + n * interval '2 hours', 'n' || n FROM generate_series(1, 600) n;
