-- A unique constraint that lacks the partition key cannot be global any more.
\i ../shop.sql

ALTER TABLE orders ADD COLUMN reference text; UPDATE orders SET reference = 'R' || id;
ALTER TABLE orders ADD CONSTRAINT orders_reference UNIQUE (reference);
