-- With consent it is dropped at the cut-over, and back after a rollback.
\i ../shop.sql

CREATE TABLE items (id bigserial PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE);
INSERT INTO items (order_id) SELECT 1 + n % 2000 FROM generate_series(1, 500) n;
