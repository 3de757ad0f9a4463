-- A foreign key from the table to itself is an incoming one.
CREATE TABLE orders (id bigint PRIMARY KEY, parent_id bigint REFERENCES orders, created_at timestamptz NOT NULL);
INSERT INTO orders SELECT n, nullif(n / 2, 0), timestamptz '2026-06-01' + n * interval '3 hours' FROM generate_series(1, 500) n;
