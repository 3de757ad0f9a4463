-- The shop's tables and rows, in sections; {orders} and its like stand for counts of rows.
-- Shop.cs reads it, and bench/partitioning does.

-- section tables
CREATE FUNCTION pick(row_number bigint, seed bigint, choices bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
    AS 'SELECT (hashint8extended(row_number, seed) & 9007199254740991) % choices';
-- Skewed: the first of the choices are far more frequent than the last.
CREATE FUNCTION pick_skewed(row_number bigint, seed bigint, choices bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE AS '
        SELECT (choices * (pick(row_number, seed, 1000003) / 1000003.0::float8) ^ 2)::bigint % choices';
CREATE FUNCTION moment(row_number bigint, row_count bigint) RETURNS timestamptz LANGUAGE sql STABLE
    AS 'SELECT date_trunc(''day'', now()) + interval ''1 day''
        - 94608000 * (1 - (row_number - 1) / row_count::float8) ^ 2 * interval ''1 second''';

CREATE TABLE sellers (id bigserial PRIMARY KEY, name text NOT NULL, country text NOT NULL);
CREATE TABLE products (id bigserial PRIMARY KEY, seller_id bigint NOT NULL REFERENCES sellers,
    name text NOT NULL, price decimal(10,2) NOT NULL);
CREATE TABLE customers (id bigserial PRIMARY KEY, name text NOT NULL, email text NOT NULL,
    created_at timestamptz NOT NULL);
CREATE TABLE orders (id bigserial, customer_id bigint NOT NULL, product_id bigint NOT NULL,
    status varchar(50) NOT NULL, total_amount decimal(10,2) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE events (id bigserial, customer_id bigint NOT NULL, kind text NOT NULL, subject_id bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE audit_logs (id bigserial, actor_id bigint NOT NULL, action text NOT NULL,
    entity_id bigint NOT NULL, created_at timestamptz NOT NULL DEFAULT now());

-- section small
INSERT INTO sellers SELECT n, 'Seller ' || n, (ARRAY['DE','FR','PL','ES','IT'])[1 + pick(n, 11, 5)]
    FROM generate_series(1, {sellers}) n;
INSERT INTO products SELECT n, 1 + pick(n, 12, {sellers}), 'Product ' || n, 5 + pick(n, 13, 50000) / 100.0
    FROM generate_series(1, {products}) n;
INSERT INTO customers SELECT n, 'Customer ' || n, 'customer' || n || '@example.com', moment(n, {customers})
    FROM generate_series(1, {customers}) n;
SELECT setval('sellers_id_seq', {sellers}), setval('products_id_seq', {products}),
    setval('customers_id_seq', {customers});

-- section orders
INSERT INTO orders SELECT n, 1 + pick_skewed(n, 1, {customers}), 1 + pick_skewed(n, 2, {products}),
    (ARRAY['delivered','delivered','delivered','shipped','processing','pending','cancelled'])
        [1 + pick(n, 3, 7)],
    5 + pick(n, 4, 50000) / 100.0, moment(n, {orders}), moment(n, {orders})
    FROM generate_series(1, {orders}) n;
ALTER TABLE orders ADD PRIMARY KEY (id);
CREATE INDEX orders_customer_created_at ON orders (customer_id, created_at);
ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers,
    ADD FOREIGN KEY (product_id) REFERENCES products;
SELECT setval('orders_id_seq', {orders});

-- section events
INSERT INTO events SELECT n, 1 + pick_skewed(n, 5, {customers}),
    (ARRAY['view','view','view','search','cart','checkout'])[1 + pick(n, 6, 6)],
    1 + pick_skewed(n, 7, {products}), moment(n, {events}) FROM generate_series(1, {events}) n;
ALTER TABLE events ADD PRIMARY KEY (id);
CREATE INDEX events_customer_created_at ON events (customer_id, created_at);
SELECT setval('events_id_seq', {events});

-- section audit_logs
INSERT INTO audit_logs SELECT n, 1 + pick(n, 8, {customers}),
    (ARRAY['login','order placed','order changed','export'])[1 + pick(n, 9, 4)],
    1 + pick(n, 10, {orders}), moment(n, {audit_logs}) FROM generate_series(1, {audit_logs}) n;
ALTER TABLE audit_logs ADD PRIMARY KEY (id);
SELECT setval('audit_logs_id_seq', {audit_logs});
