-- A stored generated column is computed, not written.
\i ../shop.sql

ALTER TABLE orders ADD COLUMN gross numeric GENERATED ALWAYS AS (total_amount * 1.19) STORED;
CREATE INDEX orders_gross ON orders (gross);
