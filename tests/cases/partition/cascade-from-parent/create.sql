-- Deleting a parent row deletes orders through ON DELETE CASCADE.
CREATE TABLE customers (id bigint PRIMARY KEY); INSERT INTO customers SELECT generate_series(1, 300);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint REFERENCES customers ON DELETE CASCADE, created_at timestamptz NOT NULL);
INSERT INTO orders SELECT n, 1 + n % 300, timestamptz '2026-06-01' + n * interval '2 hours' FROM generate_series(1, 1500) n;
