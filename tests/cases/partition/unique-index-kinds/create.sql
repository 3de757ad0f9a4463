-- Unique indexes over an expression, with a predicate, with included columns, with NULLs alike.
CREATE TABLE orders (id bigint, created_at timestamptz NOT NULL, note text, code text, nth int, PRIMARY KEY (id) INCLUDE (note));
INSERT INTO orders SELECT n, timestamptz '2026-06-01' + n * interval '2 hours', 'n' || n, 'C' || n, n FROM generate_series(1, 800) n;
CREATE UNIQUE INDEX orders_code ON orders (lower(code)); CREATE UNIQUE INDEX orders_nth ON orders (nth) WHERE nth > 400;
CREATE UNIQUE INDEX orders_both ON orders (code, nth) NULLS NOT DISTINCT;
