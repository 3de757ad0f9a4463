-- Comments on table, columns, constraint and index stay.
\i ../shop.sql

COMMENT ON TABLE orders IS 'what was bought'; COMMENT ON COLUMN orders.note IS 'free text';
COMMENT ON INDEX orders_customer IS 'dashboard'; COMMENT ON CONSTRAINT orders_pkey ON orders IS 'the key';
