-- REPLICA IDENTITY FULL reaches every partition.
\i ../shop.sql

ALTER TABLE orders REPLICA IDENTITY FULL;
