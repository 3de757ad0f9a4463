-- REPLICA IDENTITY by an index that lacks the key.
\i ../shop.sql

ALTER TABLE orders ADD COLUMN code bigint NOT NULL DEFAULT 0; UPDATE orders SET code = id;
CREATE UNIQUE INDEX orders_code ON orders (code); ALTER TABLE orders REPLICA IDENTITY USING INDEX orders_code;
