-- Columns that refer to large objects: both tables refer to the same.
\i ../shop.sql

ALTER TABLE orders ADD COLUMN picture oid; UPDATE orders SET picture = lo_from_bytea(0, 'x') WHERE id < 20;
