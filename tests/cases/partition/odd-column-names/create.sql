-- Columns named like the variables and aliases of a trigger, and of the key log.
CREATE TABLE orders (seq bigint PRIMARY KEY, created_at timestamptz NOT NULL, k1 text, problem text, t int, s int, l int, old int, new int,
    tg_op text, "found" boolean, "Old" text, gone int, "sqlstate" text);
INSERT INTO orders SELECT n, timestamptz '2026-06-01' + n * interval '2 hours', 'k' || n, 'p', n, n, n, n, n, 'x', true, 'o', n, 'z' FROM generate_series(1, 800) n;
