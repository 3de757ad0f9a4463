-- A foreign key to (id) cannot be rebuilt: refused unless told to drop it.
\i ../shop.sql

CREATE TABLE items (id bigserial PRIMARY KEY, order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE);
INSERT INTO items (order_id) SELECT 1 + n % 2000 FROM generate_series(1, 500) n;
