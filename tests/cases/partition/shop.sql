-- The table that most cases start from: two thousand orders over six months, with a foreign key and two indexes.
CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL);
INSERT INTO customers SELECT n, 'Customer ' || n FROM generate_series(1, 50) n;
CREATE TABLE orders (
    id bigserial PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customers,
    status varchar(50) NOT NULL DEFAULT 'pending',
    total_amount decimal(10,2),
    note text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO orders (customer_id, status, total_amount, note, created_at, updated_at)
SELECT 1 + n % 50, (ARRAY['pending', 'shipped', 'delivered'])[1 + n % 3], n / 7.0, 'note ' || n,
    timestamptz '2026-06-01 00:00+00' + n * interval '2 hours', timestamptz '2026-06-01 00:00+00' + n * interval '2 hours'
FROM generate_series(1, 2000) n;
CREATE INDEX orders_customer ON orders (customer_id, created_at);
CREATE INDEX orders_open ON orders (created_at) WHERE status = 'pending';
