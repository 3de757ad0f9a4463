-- The identity is a text whose collation calls A and a equal.
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE orders (id text COLLATE nocase PRIMARY KEY, created_at timestamptz NOT NULL, note text);
INSERT INTO orders SELECT 'Key' || n, timestamptz '2026-06-01' + n * interval '2 hours', 'n' FROM generate_series(1, 600) n;
