-- A column whose collation calls different texts equal.
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE orders (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, name text COLLATE nocase);
INSERT INTO orders SELECT n, timestamptz '2026-06-01' + n * interval '2 hours', 'Name' FROM generate_series(1, 600) n;
