-- The primary key has two columns, one of them text.
CREATE TABLE orders (tenant text, number int, created_at timestamptz NOT NULL, note text, PRIMARY KEY (tenant, number));
INSERT INTO orders SELECT 't' || n % 7, n, timestamptz '2026-06-01' + n * interval '2 hours', 'n' || n FROM generate_series(1, 1500) n;
