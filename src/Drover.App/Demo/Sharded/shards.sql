-- The shop's tables as they are on every shard: keys and foreign keys have the customer in them.
CREATE TABLE sellers (id bigserial PRIMARY KEY, name text NOT NULL, country text NOT NULL);
CREATE TABLE products (id bigserial PRIMARY KEY, seller_id bigint NOT NULL REFERENCES sellers,
    name text NOT NULL, price decimal(10,2) NOT NULL);
CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL, email text NOT NULL,
    created_at timestamptz NOT NULL);
CREATE TABLE orders (id bigserial, customer_id bigint NOT NULL REFERENCES customers,
    product_id bigint NOT NULL REFERENCES products, status varchar(50) NOT NULL, total_amount decimal(10,2) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (customer_id, id));
CREATE INDEX orders_customer_created_at ON orders (customer_id, created_at);
CREATE TABLE events (id bigserial, customer_id bigint NOT NULL, kind text NOT NULL, subject_id bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (customer_id, id));
CREATE INDEX events_customer_created_at ON events (customer_id, created_at);
CREATE TABLE audit_logs (id bigserial, actor_id bigint NOT NULL, action text NOT NULL,
    entity_id bigint NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (actor_id, id));
GRANT ALL ON ALL TABLES IN SCHEMA public TO app;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app;
